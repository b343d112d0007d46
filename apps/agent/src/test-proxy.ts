import { create, fromBinary, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { type ChannelCredentials, Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import { tryDecodeResource } from '@weft/core/xds/codec';
import { typeUrls, type XdsType } from '@weft/core/xds/type-urls';
import {
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from '@weft/envoy-api/envoy/service/discovery/v3/discovery_pb';

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** A delta xDS client written by hand: it acknowledges everything, and keeps what it was sent. */
export class TestProxy {
  /** Resources by type and name, in protojson. */
  readonly held: Readonly<Record<XdsType, Map<string, unknown>>> = {
    cds: new Map(),
    eds: new Map(),
    lds: new Map(),
    rds: new Map(),
    sds: new Map(),
  };
  readonly failure: Promise<Error>;
  private readonly client: Client;
  private readonly call: ClientDuplexStream<Uint8Array, Uint8Array>;
  private readonly waiting: { type: XdsType; resolve: (response: DeltaDiscoveryResponse) => void }[] = [];
  private refusal: string | null = null;

  constructor(address: string, options: { readonly token?: string; readonly credentials?: ChannelCredentials } = {}) {
    this.client = new Client(address, options.credentials ?? credentials.createInsecure());
    const metadata = new Metadata();
    if (options.token !== undefined) metadata.set('authorization', `Bearer ${options.token}`);
    const same = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
    this.call = this.client.makeBidiStreamRequest<Uint8Array, Uint8Array>(path, same, same, metadata);
    this.failure = new Promise((resolve) => this.call.on('error', resolve));
    this.call.on('data', (bytes: Uint8Array) => this.take(fromBinary(DeltaDiscoveryResponseSchema, bytes)));
  }

  /** Subscribes, with the node (only the first request may carry it), and resolves with the next response of the type. */
  ask(type: XdsType, subscribe: readonly string[], nodeId?: string, metadata: JsonObject = {}): Promise<DeltaDiscoveryResponse> {
    const response = this.next(type);
    this.write({
      typeUrl: typeUrls[type],
      resourceNamesSubscribe: [...subscribe],
      ...(nodeId === undefined ? {} : { node: { id: nodeId, userAgentName: 'test', metadata } }),
    });
    return response;
  }

  /** The next response of a type. */
  next(type: XdsType): Promise<DeltaDiscoveryResponse> {
    return new Promise((resolve) => this.waiting.push({ type, resolve }));
  }

  /** Says how the workload is, null for well, as proxies with health checks do. */
  reportHealth(problem: string | null): void {
    const typeUrl = 'type.googleapis.com/istio.v1.HealthInformation';
    this.write({ typeUrl, ...(problem === null ? {} : { errorDetail: { code: 13, message: problem } }) });
  }

  /** From now on everything is refused with this text; null to accept again. */
  refuseWith(message: string | null): void {
    this.refusal = message;
  }

  close(): void {
    this.call.cancel();
    this.client.close();
  }

  private take(response: DeltaDiscoveryResponse): void {
    const type = (Object.keys(typeUrls) as XdsType[]).find((each) => typeUrls[each] === response.typeUrl);
    if (!type) return;
    if (this.refusal === null) {
      for (const { name, resource } of response.resources) {
        const decoded = tryDecodeResource(response.typeUrl, resource?.value ?? new Uint8Array());
        this.held[type].set(name, decoded.ok ? decoded.value : decoded.error);
      }
      for (const name of response.removedResources) this.held[type].delete(name);
    }
    this.write({
      typeUrl: response.typeUrl,
      responseNonce: response.nonce,
      ...(this.refusal === null ? {} : { errorDetail: { code: 3, message: this.refusal } }),
    });
    const at = this.waiting.findIndex((each) => each.type === type);
    if (at >= 0) this.waiting.splice(at, 1)[0]?.resolve(response);
  }

  private write(request: Parameters<typeof create<typeof DeltaDiscoveryRequestSchema>>[1]): void {
    this.call.write(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request)));
  }
}
