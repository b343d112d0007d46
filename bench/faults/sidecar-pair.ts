import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../packages/proxy/faults/free-port-for-test.ts';

const main = join(import.meta.dirname, '../../apps/agent/src/cli/main.ts');

interface Ports {
  readonly origin: number;
  readonly inbound: number;
  readonly proxy: number;
  readonly xds: number;
  readonly xdsTls: number;
  readonly api: number;
  readonly clientAdmin: number;
  readonly serverAdmin: number;
}

/**
 * A whole mesh of processes as `weft agent` and `weft sidecar` run them: a client's sidecar, an HTTP proxy at `ports.proxy`, and over mutual TLS the
 * sidecar of the service `origin.shop`, which hands requests to `ports.origin`.
 */
export class SidecarPair {
  readonly ports: Ports;
  #directory: string;
  #agent: ChildProcess | null = null;
  #sidecars: ChildProcess[] = [];

  private constructor(ports: Ports, directory: string) {
    this.ports = ports;
    this.#directory = directory;
  }

  /** `certificateTtlSeconds`: the lifetime that both sidecars ask for. */
  static async start(origin: number, certificateTtlSeconds: number): Promise<SidecarPair> {
    const [inbound, proxy, xds, xdsTls, api, clientAdmin, serverAdmin] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const directory = mkdtempSync(join(tmpdir(), 'weft-pair-'));
    mkdirSync(join(directory, 'mesh'));
    const pair = new SidecarPair({ origin, inbound, proxy, xds, xdsTls, api, clientAdmin, serverAdmin }, directory);
    pair.publish('before');
    await pair.startAgent();
    await pair.#startSidecar('origin-v1', serverAdmin, certificateTtlSeconds);
    await pair.#startSidecar('client-v1', clientAdmin, certificateTtlSeconds);
    return pair;
  }

  /** Writes the configuration: responses carry the revision, and the service refuses the path `/only-before-<revision>`. */
  publish(revision: string): void {
    writeFileSync(join(this.#directory, 'mesh', 'mesh.yaml'), meshYaml(this.ports, revision));
  }

  async startAgent(): Promise<void> {
    const { xds, xdsTls, api } = this.ports;
    const ports = ['--xds-port', xds, '--xds-tls-port', xdsTls, '--api-port', api].map(String);
    const places = ['--dir', join(this.#directory, 'mesh'), '--data', join(this.#directory, 'data')];
    this.#agent = await startWeft(['agent', ...places, ...ports, '--no-records']);
  }

  async killAgent(): Promise<void> {
    const agent = this.#agent;
    if (agent === null) return;
    const ended = once(agent, 'exit');
    agent.kill('SIGKILL');
    await ended;
    this.#agent = null;
  }

  /** What the client's side and the server's side answer to a path: whether each has a configuration. */
  async sees(revision: string): Promise<boolean> {
    const through = { port: this.ports.proxy, headers: { host: 'origin.shop' }, agent: false } as const;
    const home = await answer({ ...through, path: '/' });
    const refused = await answer({ ...through, path: `/not-${revision}` });
    return home.headers['x-revision'] === revision && refused.status === 403;
  }

  /** When the certificates in force end, of the client's and the server's sidecar. */
  async certificateEnds(): Promise<readonly Date[]> {
    const ends: Date[] = [];
    for (const port of [this.ports.clientAdmin, this.ports.serverAdmin]) {
      const { text } = await answer({ port, path: '/certs' });
      const { certificates } = JSON.parse(text) as { certificates: { cert_chain: { expiration_time: string }[] }[] };
      const times = certificates.flatMap(({ cert_chain: chain }) => chain.map((each) => Date.parse(each.expiration_time)));
      ends.push(new Date(Math.min(...times)));
    }
    return ends;
  }

  /** MiB of the client's and the server's sidecar. */
  residentMiB(): readonly number[] {
    return this.#sidecars.map(({ pid }) => {
      const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      return Number(kib) / 1024;
    });
  }

  async stop(): Promise<void> {
    await this.killAgent();
    await Promise.all(
      this.#sidecars.map(async (sidecar) => {
        const ended = once(sidecar, 'exit');
        sidecar.kill('SIGTERM');
        await ended;
      }),
    );
    rmSync(this.#directory, { recursive: true });
  }

  async #startSidecar(name: string, admin: number, certificateTtlSeconds: number): Promise<void> {
    const { api, xds } = this.ports;
    const where = ['--agent', `http://127.0.0.1:${api}`, '--xds-port', String(xds), '--data', join(this.#directory, 'data')];
    const who = ['--name', name, '-n', 'shop', '--admin-port', String(admin), '--certificate-ttl', String(certificateTtlSeconds)];
    this.#sidecars.unshift(await startWeft(['sidecar', ...who, ...where]));
  }
}

/** Resolves once it says that it is ready. */
async function startWeft(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said.push(String(chunk));
      if (String(chunk).includes('ready')) resolve();
    });
    child.on('exit', (code) => reject(new Error(`weft ${args[0]} ended with ${code}: ${said.join('')}`)));
  });
  return child;
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

function answer(options: { port: number; path: string; headers?: Record<string, string>; agent?: false }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    }).on('error', reject);
  });
}

function meshYaml({ origin, inbound, proxy }: Ports, revision: string): string {
  return `apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Service
metadata: { name: origin, namespace: shop }
spec: { selector: { app: origin }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: origin-v1, namespace: shop, labels: { app: origin } }
spec: { address: 127.0.0.1, ports: { http: ${inbound} }, labels: { app: origin }, serviceAccount: origin }
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: origin-v1, namespace: shop }
spec:
  workloadSelector: { labels: { app: origin } }
  ingress:
    - port: { number: ${inbound}, protocol: HTTP, name: http }
      bind: 127.0.0.1
      captureMode: NONE
      defaultEndpoint: 127.0.0.1:${origin}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata:
  name: client-v1
  namespace: shop
  labels: { app: client }
  annotations: { proxy.istio.io/config: '{ proxyMetadata: { ISTIO_META_HTTP_PROXY_PORT: "${proxy}" } }' }
spec: { address: 127.0.0.1, labels: { app: client }, serviceAccount: client }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: origin, namespace: shop }
spec:
  hosts: [origin]
  http:
    - headers: { response: { set: { x-revision: ${revision} } } }
      route: [{ destination: { host: origin } }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: origin, namespace: shop }
# New handshakes all the time, not only the connections that were there before.
spec: { host: origin, trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 20 } } } }
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: shop }
spec: { mtls: { mode: STRICT } }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: refused, namespace: shop }
spec:
  selector: { matchLabels: { app: origin } }
  action: DENY
  rules: [{ to: [{ operation: { paths: [/not-${revision}] } }] }]
`;
}
