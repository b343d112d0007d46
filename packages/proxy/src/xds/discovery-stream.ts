import type * as grpc from '@grpc/grpc-js';
import { loadGrpc } from '../io/load-library.ts';
import type { ProxyLog } from '../log.ts';
import { DeltaProtocol } from './delta-protocol.ts';
import type { DiscoveryProtocol, DiscoveryResponse, ProtocolOptions } from './discovery-protocol.ts';
import { Expiry } from './expiry.ts';
import type { GrpcTarget } from './grpc-targets.ts';
import { describeRejections, readUpdate } from './read-update.ts';
import { kindOf, type ResourceKind, resourceKinds } from './resource-kinds.ts';
import type { Rejection, ResourceStore } from './resource-store.ts';
import { SotwProtocol } from './sotw-protocol.ts';

/** One stream to keep open. */
export interface DiscoveryStreamOptions extends Omit<ProtocolOptions, 'versions'> {
  /** Full gRPC method, e.g. `/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources`. */
  readonly method: string;
  readonly isDelta: boolean;
  readonly target: GrpcTarget;
  /** Headers beside the target's own, e.g. a bearer token; read again at each connect. */
  readonly metadata: () => Promise<Readonly<Record<string, string>>>;
  readonly store: ResourceStore;
  /** After a response was applied and answered. */
  readonly onApplied: () => void;
  readonly log: ProxyLog;
}

/** State of a discovery stream, for the admin interface and metrics. */
export interface StreamStatus {
  isConnected: boolean;
  connects: number;
  updates: number;
  rejections: number;
  lastError: string;
}

/** What is wanted of a stream, by kind; null = everything. */
export type Wanted = ReadonlyMap<ResourceKind, ReadonlySet<string> | null>;

const firstDelayMs = 250;
const longestDelayMs = 5000;

/** Keeps an xDS stream open for as long as it is wanted. What was learned stays in force while the server is away. */
export class DiscoveryStream {
  readonly status: StreamStatus = { isConnected: false, connects: 0, updates: 0, rejections: 0, lastError: '' };
  #options: DiscoveryStreamOptions;
  #wanted: Wanted = new Map();
  #received: Set<ResourceKind> = new Set();
  /** What is wrong with the application; null = nothing, undefined = not known. */
  #health: string | null | undefined;
  #expiry: Record<string, Expiry> = {};
  #client: grpc.Client | null = null;
  #call: grpc.ClientDuplexStream<Uint8Array, Uint8Array> | null = null;
  #protocol: DiscoveryProtocol;
  #nextAddress = 0;
  #delayMs = firstDelayMs;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(options: DiscoveryStreamOptions) {
    this.#options = options;
    this.#protocol = this.#newProtocol();
    void this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#call?.cancel();
    this.#client?.close();
    for (const expiry of Object.values(this.#expiry)) expiry.clear();
  }

  /** Whether the server has answered for a kind since the proxy started. */
  hasReceived(kind: ResourceKind): boolean {
    return this.#received.has(kind);
  }

  /** Changes what the server is asked for. */
  want(wanted: Wanted): void {
    this.#wanted = wanted;
    this.#subscribe();
  }

  /** Tells the server how the application is, now and at each connect: null = well. */
  tellHealth(problem: string | null): void {
    this.#health = problem;
    this.#call?.write(this.#protocol.health(problem));
  }

  #newProtocol(): DiscoveryProtocol {
    const { store, isDelta } = this.#options;
    const options = { ...this.#options, versions: (kind: ResourceKind) => store.versions(kind) };
    return isDelta ? new DeltaProtocol(options) : new SotwProtocol(options);
  }

  async #connect(): Promise<void> {
    const { target, method } = this.#options;
    const metadata = new (loadGrpc().Metadata)();
    try {
      const headers = { ...target.metadata, ...(await this.#options.metadata()) };
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
      if (this.#isStopped) return;
      this.#client?.close();
      this.#client = this.#newClient();
    } catch (error) {
      this.#onStreamEnd(error instanceof Error ? error.message : String(error), null);
      return;
    }
    const same = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
    const call = this.#client.makeBidiStreamRequest<Uint8Array, Uint8Array>(method, same, same, metadata);
    this.#call = call;
    this.#protocol = this.#newProtocol();
    this.status.connects++;
    call.on('data', (bytes: Uint8Array) => this.#onResponse(call, bytes));
    call.on('error', (error: grpc.ServiceError) => this.#onStreamEnd(error.details || error.message, call));
    call.on('end', () => this.#onStreamEnd('the server closed the stream', call));
    this.#subscribe();
    if (this.#health !== undefined) call.write(this.#protocol.health(this.#health));
  }

  #newClient(): grpc.Client {
    const { target } = this.#options;
    const address = target.addresses[this.#nextAddress++ % target.addresses.length] ?? '';
    const credentials = target.credentials();
    if (credentials === null) throw new Error('the certificate for this connection is still to come');
    return new (loadGrpc().Client)(address, credentials, {
      'grpc.max_receive_message_length': -1,
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.use_local_subchannel_pool': 1,
      ...target.options,
    });
  }

  #onStreamEnd(reason: string, call: object | null): void {
    if (this.#isStopped || (call !== null && call !== this.#call)) return;
    this.#call = null;
    if (this.status.isConnected || this.status.lastError !== reason) this.#options.log('info', `xDS stream ended: ${reason}`);
    this.status.isConnected = false;
    this.status.lastError = reason;
    // Jitter, so that a mesh of proxies does not return in step.
    const delay = this.#delayMs * (0.5 + Math.random());
    this.#delayMs = Math.min(longestDelayMs, this.#delayMs * 2);
    this.#timer = setTimeout(() => void this.#connect(), delay);
  }

  #subscribe(): void {
    const call = this.#call;
    if (call === null) return;
    for (const kind of resourceKinds) {
      // A kind that nothing is wanted of any more is unsubscribed by an empty list.
      const wanted = this.#wanted.get(kind);
      const message = this.#protocol.subscribe(kind, wanted === undefined ? noNames : wanted);
      if (message !== null) call.write(message);
    }
  }

  #onResponse(call: grpc.ClientDuplexStream<Uint8Array, Uint8Array>, bytes: Uint8Array): void {
    if (call !== this.#call) return;
    this.status.isConnected = true;
    this.status.lastError = '';
    this.#delayMs = firstDelayMs;
    let response: DiscoveryResponse;
    try {
      response = this.#protocol.read(bytes);
    } catch (error) {
      this.#options.log('warn', `xDS response cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    const kind = kindOf(response.typeUrl);
    const problems = kind === null ? [] : this.#apply(kind, response);
    if (kind !== null && problems.length > 0) {
      this.status.rejections++;
      this.#options.log('warn', `refused ${kind}: ${describeRejections(kind, problems)}`);
    } else this.status.updates++;
    call.write(this.#protocol.answer(response, kind === null || problems.length === 0 ? null : describeRejections(kind, problems)));
    this.#options.onApplied();
  }

  /** A mistake of ours while applying is the update's fault to the server, and not the end of the process. */
  #apply(kind: ResourceKind, response: DiscoveryResponse): readonly Rejection[] {
    const { store } = this.#options;
    this.#received.add(kind);
    try {
      const { update, problems, heartbeats } = readUpdate(response, store.discovered(kind).keys());
      const rejections = [...problems, ...store.apply(kind, update)];
      this.#keepTime(kind, response, new Set(heartbeats));
      return rejections;
    } catch (error) {
      return [{ name: '', message: error instanceof Error ? error.message : String(error) }];
    }
  }

  #keepTime(kind: ResourceKind, { resources }: DiscoveryResponse, heartbeats: ReadonlySet<string>): void {
    if (this.#expiry[kind] === undefined && resources.every(({ ttlMs }) => ttlMs === 0)) return;
    this.#expiry[kind] ??= new Expiry((name) => {
      this.#options.store.forget(kind, [name]);
      this.#options.onApplied();
    });
    const expiry = this.#expiry[kind];
    for (const { name, ttlMs } of resources) {
      if (heartbeats.has(name)) expiry.renew(name, ttlMs);
      else expiry.set(name, ttlMs);
    }
  }
}

const noNames: ReadonlySet<string> = new Set();
