import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { encodeResource } from '@weft/core/xds/codec';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from '@weft/envoy-api/envoy/service/discovery/v3/discovery_pb';
import { kindOf, nameOf, type ResourceKind, serviceByKind, typeUrlByKind } from './resource-kinds.ts';

/** What a client said, as far as tests look at it. */
export interface SeenRequest {
  readonly kind: ResourceKind | null;
  readonly names: readonly string[];
  readonly nonce: string;
  readonly version: string;
  readonly hasNode: boolean;
  readonly error: string | null;
}

interface Open {
  readonly isDelta: boolean;
  readonly call: grpc.ServerDuplexStream<Buffer, Buffer>;
  /** Names by kind; null = all. */
  readonly wanted: Map<ResourceKind, Set<string> | null>;
}

/** A small xDS server of both protocols, aggregated and by service, on a port of loopback. It serves whatever it is told to hold. */
export class ControlPlaneForTest {
  readonly requests: SeenRequest[] = [];
  #server: grpc.Server;
  #open: Set<Open> = new Set();
  #resources: Map<ResourceKind, Map<string, object>> = new Map();
  #version = 1;
  #nonce = 1;
  #waiting: { test: (request: SeenRequest) => boolean; done: () => void }[] = [];

  private constructor(server: grpc.Server) {
    this.#server = server;
    const services = Object.entries(serviceByKind).map(([, { service, method }]) => [service, method] as const);
    for (const [service, method] of [
      ['envoy.service.discovery.v3.AggregatedDiscoveryService', 'AggregatedResources'] as const,
      ...services,
    ]) {
      server.addService(
        { stream: definition(`/${service}/Stream${method}`), delta: definition(`/${service}/Delta${method}`) },
        { stream: (call: Open['call']) => this.#serve(call, false), delta: (call: Open['call']) => this.#serve(call, true) },
      );
    }
  }

  static async start(
    port = 0,
    credentials: grpc.ServerCredentials = grpc.ServerCredentials.createInsecure(),
    host = '127.0.0.1',
  ): Promise<ControlPlaneForTest & { readonly port: number }> {
    const server = new grpc.Server();
    const plane = new ControlPlaneForTest(server);
    const bound = await new Promise<number>((resolve, reject) =>
      server.bindAsync(host.startsWith('unix:') ? host : `${host}:${port}`, credentials, (error, found) =>
        error ? reject(error) : resolve(found),
      ),
    );
    return Object.assign(plane, { port: bound });
  }

  get streams(): number {
    return this.#open.size;
  }

  /** Replaces everything of a kind and tells the clients. */
  set(kind: ResourceKind, resources: readonly object[]): void {
    const before = this.#resources.get(kind) ?? new Map<string, object>();
    const after = new Map(resources.map((resource) => [nameOf(resource), resource]));
    this.#resources.set(kind, after);
    this.#version++;
    const removed = [...before.keys()].filter((name) => !after.has(name));
    const changed = [...after.keys()].filter((name) => before.get(name) !== after.get(name));
    for (const stream of this.#open) {
      const wanted = stream.wanted.get(kind);
      if (wanted === undefined) continue;
      const of = (names: readonly string[]): string[] => names.filter((name) => wanted === null || wanted.has(name));
      if (stream.isDelta) this.#send(stream, kind, of(changed), of(removed));
      else this.#send(stream, kind, of([...after.keys()]), []);
    }
  }

  /** Sends bytes that are no resource of the kind. */
  sendBroken(kind: ResourceKind, name: string): void {
    for (const stream of this.#open) if (stream.wanted.has(kind)) this.#write(stream, kind, [{ name, bytes: Buffer.from([0xff]) }], []);
  }

  /** Ends all streams, as a control plane does that restarts. */
  dropStreams(): void {
    for (const { call } of this.#open) call.end();
    this.#open.clear();
  }

  /** Resolves with the next request that the test accepts, or one seen already. */
  async seen(test: (request: SeenRequest) => boolean): Promise<void> {
    if (this.requests.some(test)) return;
    await new Promise<void>((done) => this.#waiting.push({ test, done }));
  }

  stop(): void {
    this.#server.forceShutdown();
    this.#open.clear();
  }

  #serve(call: Open['call'], isDelta: boolean): void {
    const stream: Open = { isDelta, call, wanted: new Map() };
    this.#open.add(stream);
    call.on('data', (bytes: Buffer) => (isDelta ? this.#onDelta(stream, bytes) : this.#onSotw(stream, bytes)));
    call.on('error', () => this.#open.delete(stream));
    call.on('end', () => {
      this.#open.delete(stream);
      call.end();
    });
  }

  #onSotw(stream: Open, bytes: Buffer): void {
    const { typeUrl, resourceNames, responseNonce, versionInfo, node, errorDetail } = fromBinary(DiscoveryRequestSchema, bytes);
    const kind = kindOf(typeUrl);
    const before = kind === null ? undefined : stream.wanted.get(kind);
    this.#note({
      kind,
      names: resourceNames,
      nonce: responseNonce,
      version: versionInfo,
      hasNode: node !== undefined,
      error: errorDetail?.message ?? null,
    });
    if (kind === null) return;
    const isWild = (kind === 'clusters' || kind === 'listeners') && resourceNames.length === 0;
    const wanted = isWild ? null : new Set(resourceNames);
    stream.wanted.set(kind, wanted);
    const isNew = before === undefined || (wanted !== null && [...wanted].some((name) => before?.has(name) !== true));
    if (!isNew) return;
    const known = [...(this.#resources.get(kind)?.keys() ?? [])];
    const found = known.filter((name) => wanted === null || wanted.has(name));
    if (found.length > 0 || wanted === null) this.#send(stream, kind, found, []);
  }

  #onDelta(stream: Open, bytes: Buffer): void {
    const message = fromBinary(DeltaDiscoveryRequestSchema, bytes);
    const kind = kindOf(message.typeUrl);
    const { resourceNamesSubscribe: names, responseNonce: nonce } = message;
    this.#note({ kind, names, nonce, version: '', hasNode: message.node !== undefined, error: message.errorDetail?.message ?? null });
    if (kind === null) return;
    const isFirst = !stream.wanted.has(kind);
    if (isFirst) stream.wanted.set(kind, (kind === 'clusters' || kind === 'listeners') && names.length === 0 ? null : new Set());
    const wanted = stream.wanted.get(kind) ?? null;
    for (const name of names) wanted?.add(name);
    for (const name of message.resourceNamesUnsubscribe) wanted?.delete(name);
    const held = this.#resources.get(kind) ?? new Map<string, object>();
    const asked = wanted === null ? (isFirst ? [...held.keys()] : []) : names;
    const gone = Object.keys(message.initialResourceVersions).filter((name) => !held.has(name));
    if (isFirst || asked.length > 0) {
      this.#send(
        stream,
        kind,
        asked.filter((name) => held.has(name)),
        [...asked.filter((name) => !held.has(name)), ...gone],
      );
    }
  }

  #note(request: SeenRequest): void {
    this.requests.push(request);
    this.#waiting = this.#waiting.filter(({ test, done }) => {
      if (!test(request)) return true;
      done();
      return false;
    });
  }

  #send(stream: Open, kind: ResourceKind, names: readonly string[], removed: readonly string[]): void {
    const held = this.#resources.get(kind) ?? new Map<string, object>();
    const resources = names.map((name) => ({ name, bytes: encodeResource(typeUrlByKind[kind], held.get(name) ?? {}) }));
    this.#write(stream, kind, resources, removed);
  }

  #write(stream: Open, kind: ResourceKind, list: readonly { name: string; bytes: Uint8Array }[], removed: readonly string[]): void {
    const typeUrl = typeUrlByKind[kind];
    const [version, nonce] = [String(this.#version), String(this.#nonce++)];
    const any = (bytes: Uint8Array) => ({ typeUrl, value: bytes });
    const encode = <T extends DescMessage>(schema: T, message: MessageShape<T>): void => {
      stream.call.write(Buffer.from(toBinary(schema, message)));
    };
    if (stream.isDelta) {
      const resources = list.map(({ name, bytes }) => ({ name, version, resource: any(bytes) }));
      const message = { typeUrl, nonce, systemVersionInfo: version, resources, removedResources: [...removed] };
      encode(DeltaDiscoveryResponseSchema, create(DeltaDiscoveryResponseSchema, message));
    } else {
      const message = { typeUrl, nonce, versionInfo: version, resources: list.map(({ bytes }) => any(bytes)) };
      encode(DiscoveryResponseSchema, create(DiscoveryResponseSchema, message));
    }
  }
}

function definition(path: string): grpc.MethodDefinition<Buffer, Buffer> {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}
