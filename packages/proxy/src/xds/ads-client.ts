import { create, fromBinary, fromJson, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { decodeResource } from '@weft/core/xds/codec';
import type { NodeJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import { NodeSchema } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from '@weft/envoy-api/envoy/service/discovery/v3/discovery_pb';
import { StatusSchema } from '@weft/envoy-api/google/rpc/status_pb';
import type { PlanStore, Rejection } from './plan-store.ts';
import { nameOf } from './plan-store.ts';
import { kindOf, type ResourceKind, typeUrlByKind } from './resource-kinds.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Where and how to reach the control plane. */
export interface AdsTarget {
  /** gRPC target, e.g. `ipv4:127.0.0.1:15010`. */
  readonly address: string;
  readonly credentials: grpc.ChannelCredentials;
  /** Headers for each stream, e.g. a bearer token; read again at each connect. */
  readonly metadata: () => Promise<Readonly<Record<string, string>>>;
}

/** State of the discovery stream, for the admin interface and metrics. */
export interface AdsStatus {
  isConnected: boolean;
  connects: number;
  updates: number;
  rejections: number;
  lastError: string;
}

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const kinds: readonly ResourceKind[] = ['clusters', 'endpoints', 'listeners', 'routes', 'secrets'];
const firstDelayMs = 250;
const longestDelayMs = 5000;

/** Keeps a delta ADS stream open for as long as the proxy lives. What was learned stays in force while the control plane is away. */
export class AdsClient {
  readonly status: AdsStatus = { isConnected: false, connects: 0, updates: 0, rejections: 0, lastError: '' };
  #target: AdsTarget;
  #node: NodeJson;
  #store: PlanStore;
  #subscriptions: Subscriptions;
  #log: (level: 'warn' | 'info' | 'debug', message: string) => void;
  #client: grpc.Client;
  #call: grpc.ClientDuplexStream<Uint8Array, Uint8Array> | null = null;
  #versions: Map<ResourceKind, Map<string, string>> = new Map(kinds.map((kind) => [kind, new Map()]));
  #asked: Map<ResourceKind, Set<string>> = new Map();
  #received: Set<ResourceKind> = new Set();
  #isFirstMessage = true;
  #delayMs = firstDelayMs;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(
    target: AdsTarget,
    node: NodeJson,
    store: PlanStore,
    subscriptions: Subscriptions,
    log: (level: 'warn' | 'info' | 'debug', message: string) => void,
  ) {
    this.#target = target;
    this.#node = node;
    this.#store = store;
    this.#subscriptions = subscriptions;
    this.#log = log;
    this.#client = this.#newClient();
    subscriptions.onChange(() => this.#resubscribe());
  }

  start(): void {
    void this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#call?.cancel();
    this.#client.close();
  }

  /** True once clusters and listeners have been told and what they refer to has been asked for. */
  get hasInitial(): boolean {
    return this.#received.has('clusters') && this.#received.has('listeners');
  }

  versions(kind: ResourceKind): ReadonlyMap<string, string> {
    return this.#versions.get(kind) ?? new Map();
  }

  #newClient(): grpc.Client {
    return new grpc.Client(this.#target.address, this.#target.credentials, {
      'grpc.max_receive_message_length': -1,
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.initial_reconnect_backoff_ms': 250,
      'grpc.max_reconnect_backoff_ms': 2000,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  async #connect(): Promise<void> {
    const metadata = new grpc.Metadata();
    try {
      for (const [name, value] of Object.entries(await this.#target.metadata())) metadata.set(name, value);
    } catch (error) {
      this.#onStreamEnd(error instanceof Error ? error.message : String(error));
      return;
    }
    if (this.#isStopped) return;
    const same = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
    const call = this.#client.makeBidiStreamRequest<Uint8Array, Uint8Array>(path, same, same, metadata);
    this.#call = call;
    this.#isFirstMessage = true;
    this.#asked = new Map();
    this.status.connects++;
    call.on('data', (bytes: Uint8Array) => this.#onResponse(call, bytes));
    call.on('error', (error: grpc.ServiceError) => this.#onStreamEnd(error.details || error.message, call));
    call.on('end', () => this.#onStreamEnd('the control plane closed the stream', call));
    this.#resubscribe();
  }

  #onStreamEnd(reason: string, call: object | null = null): void {
    if (this.#isStopped || (call !== null && call !== this.#call)) return;
    this.#call = null;
    if (this.status.isConnected || this.status.lastError !== reason) this.#log('info', `xDS stream ended: ${reason}`);
    this.status.isConnected = false;
    this.status.lastError = reason;
    // Jitter, so that a mesh of proxies does not return in step.
    const delay = this.#delayMs * (0.5 + Math.random());
    this.#delayMs = Math.min(longestDelayMs, this.#delayMs * 2);
    this.#timer = setTimeout(() => void this.#connect(), delay);
  }

  /** Tells the control plane what is wanted now and was not, and what no longer is. */
  #resubscribe(): void {
    if (this.#call === null) return;
    for (const kind of kinds) this.#resubscribeKind(kind);
  }

  #resubscribeKind(kind: ResourceKind): void {
    const isWildcard = kind === 'clusters' || kind === 'listeners';
    const asked = this.#asked.get(kind);
    const wanted = isWildcard ? new Set<string>() : this.#subscriptions.names(kind);
    if (asked === undefined) {
      if (!isWildcard && wanted.size === 0) return;
      this.#asked.set(kind, new Set(wanted));
      this.#forgetUnwanted(kind, isWildcard ? null : wanted);
      this.#send({
        typeUrl: typeUrlByKind[kind],
        resourceNamesSubscribe: [...wanted],
        initialResourceVersions: Object.fromEntries(this.versions(kind)),
      });
      return;
    }
    if (isWildcard) return;
    const subscribe = [...wanted].filter((name) => !asked.has(name));
    const unsubscribe = [...asked].filter((name) => !wanted.has(name));
    if (subscribe.length === 0 && unsubscribe.length === 0) return;
    this.#asked.set(kind, new Set(wanted));
    this.#forgetUnwanted(kind, wanted);
    this.#send({ typeUrl: typeUrlByKind[kind], resourceNamesSubscribe: subscribe, resourceNamesUnsubscribe: unsubscribe });
  }

  #forgetUnwanted(kind: ResourceKind, wanted: ReadonlySet<string> | null): void {
    if (wanted === null) return;
    const versions = this.#versions.get(kind);
    const gone = [...(versions?.keys() ?? [])].filter((name) => !wanted.has(name));
    if (gone.length === 0) return;
    for (const name of gone) versions?.delete(name);
    this.#store.apply(kind, { set: new Map(), removed: gone });
  }

  #send(request: MessageInitShape<typeof DeltaDiscoveryRequestSchema>): void {
    const message: DeltaDiscoveryRequest = create(DeltaDiscoveryRequestSchema, request);
    if (this.#isFirstMessage) message.node = fromJson(NodeSchema, this.#node);
    this.#isFirstMessage = false;
    this.#call?.write(toBinary(DeltaDiscoveryRequestSchema, message));
  }

  #onResponse(call: object, bytes: Uint8Array): void {
    if (call !== this.#call) return;
    this.status.isConnected = true;
    this.#delayMs = firstDelayMs;
    let response: DeltaDiscoveryResponse;
    try {
      response = fromBinary(DeltaDiscoveryResponseSchema, bytes);
    } catch (error) {
      this.#log('warn', `xDS response cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    const kind = kindOf(response.typeUrl);
    if (kind === null) {
      this.#send({ typeUrl: response.typeUrl, responseNonce: response.nonce });
      return;
    }
    this.#applyResponse(kind, response);
  }

  #applyResponse(kind: ResourceKind, response: DeltaDiscoveryResponse): void {
    const set = new Map<string, object>();
    const versions = this.#versions.get(kind) ?? new Map<string, string>();
    const problems: Rejection[] = [];
    const wireNames = new Map<string, string>();
    for (const { name, version, resource } of response.resources) {
      if (resource === undefined) continue;
      try {
        const decoded = decodeResource(resource.typeUrl, resource.value) as object;
        const key = nameOf(decoded);
        set.set(key, decoded);
        wireNames.set(key, name);
        versions.set(name || key, version);
      } catch (error) {
        problems.push({ name, message: error instanceof Error ? error.message : String(error) });
      }
    }
    for (const name of response.removedResources) versions.delete(name);
    try {
      problems.push(...this.#store.apply(kind, { set, removed: response.removedResources }));
    } catch (error) {
      problems.push({ name: '*', message: error instanceof Error ? error.message : String(error) });
    }
    for (const { name } of problems) versions.delete(wireNames.get(name) ?? name);
    this.#received.add(kind);
    this.#answer(kind, response, problems);
    this.#subscriptions.refresh();
  }

  #answer(kind: ResourceKind, response: DeltaDiscoveryResponse, problems: readonly Rejection[]): void {
    const acknowledgement = { typeUrl: response.typeUrl, responseNonce: response.nonce };
    if (problems.length === 0) {
      this.status.updates++;
      this.#send(acknowledgement);
      return;
    }
    this.status.rejections++;
    const message = problems.map(({ name, message: why }) => `${name}: ${why}`).join('; ');
    this.#log('warn', `refused ${kind}: ${message}`);
    this.#send({ ...acknowledgement, errorDetail: create(StatusSchema, { code: grpc.status.INVALID_ARGUMENT, message }) });
  }
}
