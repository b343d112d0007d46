import { credentials } from '@grpc/grpc-js';
import { formatSpiffe } from '@weft/core/base/spiffe';
import { stableText } from '@weft/core/base/stable-hash';
import { startProxy } from '@weft/proxy/proxy';
import type { ProxyOptions, RunningProxy } from '@weft/proxy/proxy-options';
import type { LocalWorkload } from '../api/config-types.ts';
import { mintToken } from '../ca/tokens.ts';
import type { Log } from '../log.ts';
import { freePort } from './free-port.ts';
import { sidecarBootstrap } from './sidecar-bootstrap.ts';

export interface DataPlaneOptions {
  /** The workloads of this computer, asked again and again. A failure changes nothing. */
  readonly readWorkloads: () => Promise<readonly LocalWorkload[]>;
  readonly xdsHost: string;
  readonly xdsPort: number;
  readonly tokenKey: Uint8Array;
  readonly intervalMs: number;
  readonly log: Log;
  /** Called once, when every proxy of the first list is ready. */
  readonly onReady: (proxies: number) => void;
}

interface Running {
  readonly text: string;
  readonly proxy: RunningProxy;
}

const certificateLifetimeSeconds = 24 * 3_600;
const tokenLifetimeSeconds = 3_600;

/** The proxies of all local workloads in this process. Follows additions and removals; does not need the agent to go on. */
export class DataPlane {
  private readonly options: DataPlaneOptions;
  private readonly running = new Map<string, Running>();
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  private isReady = false;

  constructor(options: DataPlaneOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    await this.follow();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
    await Promise.all([...this.running.values()].map(({ proxy }) => proxy.stop()));
  }

  private async follow(): Promise<void> {
    const workloads = await this.options.readWorkloads().catch(() => null);
    if (workloads) await this.bringTo(workloads);
    if (!this.isStopped) this.timer = setTimeout(() => void this.follow(), this.options.intervalMs);
  }

  private async bringTo(workloads: readonly LocalWorkload[]): Promise<void> {
    const wanted = new Map(workloads.map((workload) => [`${workload.type} ${workload.namespace}/${workload.name}`, workload]));
    for (const [key, { proxy }] of this.running) {
      if (wanted.has(key)) continue;
      this.running.delete(key);
      this.options.log('info', `${key} is gone: its proxy drains`);
      void proxy.stop();
    }
    await Promise.all([...wanted].map(([key, workload]) => this.bringOne(key, workload)));
    if (this.isReady || workloads.length === 0) return;
    await Promise.all([...this.running.values()].map(({ proxy }) => proxy.ready));
    this.isReady = true;
    this.options.onReady(this.running.size);
  }

  /** A workload whose own description changed gets a new proxy; everything else comes to the running one by xDS. */
  private async bringOne(key: string, workload: LocalWorkload): Promise<void> {
    const text = stableText(workload);
    const before = this.running.get(key);
    if (before?.text === text) return;
    if (before) await before.proxy.stop();
    try {
      this.running.set(key, { text, proxy: await startProxy(await this.proxyOptions(workload)) });
    } catch (error) {
      this.options.log('error', `the proxy of ${key} cannot start: ${(error as Error).message}`);
    }
  }

  private async proxyOptions(workload: LocalWorkload): Promise<ProxyOptions> {
    const { log, tokenKey, xdsHost, xdsPort } = this.options;
    const { namespace, serviceAccount, trustDomain } = workload;
    const token = () => mintToken(tokenKey, { namespace, serviceAccount }, tokenLifetimeSeconds);
    return {
      name: `${workload.name}.${namespace}`,
      bootstrap: sidecarBootstrap(workload, { admin: await freePort(), xdsHost, xds: xdsPort }),
      identity: {
        caAddress: `${xdsHost}:${xdsPort}`,
        caCredentials: credentials.createInsecure(),
        token,
        spiffeId: formatSpiffe({ trustDomain, namespace, serviceAccount }),
        lifetimeSeconds: certificateLifetimeSeconds,
      },
      adsMetadata: async () => ({ authorization: `Bearer ${await token()}` }),
      log: (level, message) => {
        if (level === 'error' || level === 'warn' || process.env.WEFT_DEBUG) log(level === 'debug' ? 'info' : level, message);
      },
    };
  }
}
