import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startProxy } from '@weft/proxy/proxy';
import type { RunningProxy } from '@weft/proxy/proxy-options';
import type { Bootstrap } from '@weft/proxy/xds/bootstrap';
import { describeLoad, LoadForTest } from '../../packages/proxy/faults/load-for-test.ts';
import { OriginForTest } from '../../packages/proxy/faults/origin-for-test.ts';

const here = '10.77.0.1';
const there = '10.77.0.2';
const peerPort = 8080;

/** A process at the other end of a cable, in a network namespace of its own. The cable can be cut: then it is gone without a word. */
class FarPeer {
  #child: ChildProcess;

  constructor() {
    this.#child = spawn('unshare', ['--net', process.execPath, join(import.meta.dirname, 'vanishing-peer.ts')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  }

  async plugIn(): Promise<void> {
    // It has a namespace once it answers.
    await this.tell('connect 0 x 0 /');
    const pid = String(this.#child.pid);
    for (const command of [
      'ip link set lo up',
      'ip link add near type veth peer name far',
      `ip link set far netns ${pid}`,
      `ip addr add ${here}/24 dev near`,
      'ip link set near up',
      `nsenter -t ${pid} -n ip addr add ${there}/24 dev far`,
      `nsenter -t ${pid} -n ip link set far up`,
    ])
      run(command);
  }

  cut(): void {
    run(`nsenter -t ${this.#child.pid} -n ip link set far down`);
  }

  async tell(line: string): Promise<void> {
    const answered = once(this.#child.stdout ?? this.#child, 'data');
    this.#child.stdin?.write(`${line}\n`);
    await answered;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

function run(command: string): void {
  const [file = '', ...args] = command.split(' ');
  execFileSync(file, args, { stdio: 'inherit' });
}

const gauge = (proxy: RunningProxy, name: string): number => proxy.stats().find((sample) => sample.name === name)?.value ?? Number.NaN;

async function secondsUntil(holds: () => boolean): Promise<string> {
  const startedAt = performance.now();
  while (!holds()) {
    if (performance.now() - startedAt > 60_000) return 'not within 60 s';
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
}

/** Cuts the cable to one of two upstreams, and to clients with and without an answer under way. */
async function measure(): Promise<void> {
  const peer = new FarPeer();
  await peer.plugIn();
  await peer.tell(`serve ${there} ${peerPort}`);
  const origin = await OriginForTest.start();
  const proxy = await startProxy({ bootstrap: bootstrap(origin.port), drainTimeMs: 0 });
  const port = proxy.listenerPorts().get('in') ?? 0;
  const load = new LoadForTest(port, 8);
  await load.answers(500);
  await peer.tell(`connect 20 ${here} ${port} /`);
  await peer.tell(`connect 20 ${here} ${port} /large`);
  await load.answers(500);
  const counts = (): string =>
    `${gauge(proxy, 'http.in.downstream_cx_active')} clients, ${gauge(proxy, 'cluster.both.upstream_cx_active')} upstream connections`;
  process.stdout.write(`before: ${counts()}\n`);
  peer.cut();
  const clients = secondsUntil(() => gauge(proxy, 'http.in.downstream_cx_active') <= 8);
  await load.answers(5000);
  process.stdout.write(`the 40 clients were let go after ${await clients}\n`);
  const result = await load.stop();
  process.stdout.write(`load: ${describeLoad(result)}, ${result.slowestMs.toFixed(0)} ms at most\n`);
  const upstream = await secondsUntil(() => gauge(proxy, 'cluster.both.upstream_cx_active') === 0);
  process.stdout.write(`after the load the last upstream connection was let go within ${upstream}\n`);
  await proxy.stop();
  await origin.kill();
  peer.stop();
}

function bootstrap(originPort: number): Bootstrap {
  const type = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;
  const endpoint = (address: string, portValue: number): object => ({ endpoint: { address: { socketAddress: { address, portValue } } } });
  const retryPolicy = {
    retryOn: 'connect-failure,reset',
    numRetries: 4,
    perTryTimeout: '0.5s',
    retryHostPredicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        typedConfig: { '@type': type('retry.host.previous_hosts.v3.PreviousHostsPredicate') },
      },
    ],
    hostSelectionRetryMaxAttempts: '5',
  };
  const manager = {
    '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    statPrefix: 'in',
    streamIdleTimeout: '3s',
    commonHttpProtocolOptions: { idleTimeout: '4s' },
    routeConfig: {
      virtualHosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'both', timeout: '0s', retryPolicy } }] },
      ],
    },
    httpFilters: [{ name: 'router', typedConfig: { '@type': type('filters.http.router.v3.Router') } }],
  };
  return {
    node: { id: 'cut' },
    staticResources: {
      listeners: [
        {
          name: 'in',
          address: { socketAddress: { address: '0.0.0.0', portValue: 0 } },
          filterChains: [{ filters: [{ name: 'http', typedConfig: manager }] }],
        },
      ],
      clusters: [
        {
          name: 'both',
          connectTimeout: '0.5s',
          upstreamConnectionOptions: { tcpKeepalive: { keepaliveTime: 2, keepaliveInterval: 1, keepaliveProbes: 2 } },
          loadAssignment: {
            clusterName: 'both',
            endpoints: [{ lbEndpoints: [endpoint('127.0.0.1', originPort), endpoint(there, peerPort)] }],
          },
          circuitBreakers: { thresholds: [{ maxRetries: 1000 }] },
          outlierDetection: { interval: '1s', baseEjectionTime: '30s', maxEjectionPercent: 50 },
          typedExtensionProtocolOptions: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': type('upstreams.http.v3.HttpProtocolOptions'),
              explicitHttpConfig: { httpProtocolOptions: {} },
            },
          },
        },
      ],
    },
  } as unknown as Bootstrap;
}

await measure();
process.exit(0);
