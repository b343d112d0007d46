import { create, type JsonObject, toJson } from '@bufbuild/protobuf';
import { type ServerDuplexStream, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { SpiffeIdentity } from '@weft/core/base/spiffe';
import { type NodeJson, parseNode } from '@weft/core/mesh/parse-node';
import { typeUrls, xdsTypeOf } from '@weft/core/xds/type-urls';
import { type Node, NodeSchema } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import { AggregatedDiscoveryService } from '@weft/envoy-api/envoy/service/discovery/v3/ads_pb';
import {
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  type DiscoveryRequest,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '@weft/envoy-api/envoy/service/discovery/v3/discovery_pb';
import type { Log } from '../log.ts';
import type { ProxyConnection } from '../push/proxy-connection.ts';
import { AdsStream, type StreamMode, type StreamRequest, type StreamResponse } from './ads-stream.ts';
import { grpcService } from './grpc-service.ts';

/** What the ADS service needs from the agent. */
export interface AdsHost {
  readonly now: () => number;
  readonly log: Log;
  /** Who calls, from the client's certificate or token. @throws when credentials are given and wrong */
  authenticate(call: AnyCall): Promise<SpiffeIdentity | null>;
  connected(connection: ProxyConnection): void;
  disconnected(connection: ProxyConnection): void;
  acknowledged(connection: ProxyConnection): void;
  /** What a workload says of its own health: null when it is well. */
  reportedHealth(connection: ProxyConnection, problem: string | null): void;
  refused(connection: ProxyConnection, kind: StreamRequest['kind'], nack: { readonly version: string; readonly message: string }): void;
}

export type AnyCall = Pick<ServerDuplexStream<unknown, unknown>, 'metadata' | 'getAuthContext' | 'getPeer'>;
type Call = ServerDuplexStream<DiscoveryRequest | DeltaDiscoveryRequest, DiscoveryResponse | DeltaDiscoveryResponse>;

/** What proxies send to tell how their workload is; it asks for nothing. */
const healthTypeUrl = 'type.googleapis.com/istio.v1.HealthInformation';

/** How often a stream looks whether an ACK is overdue. */
const overdueCheckMs = 5_000;

export const adsServiceDefinition = grpcService(AggregatedDiscoveryService);

/** `envoy.service.discovery.v3.AggregatedDiscoveryService` on top of `AdsStream`. */
export function createAdsService(host: AdsHost): UntypedServiceImplementation {
  return {
    streamAggregatedResources: (call: Call) => serve(host, call, 'sotw'),
    deltaAggregatedResources: (call: Call) => serve(host, call, 'delta'),
  };
}

function serve(host: AdsHost, call: Call, mode: StreamMode): void {
  let connection: ProxyConnection | null = null;
  let isOpen = true;
  const waiting: (DiscoveryRequest | DeltaDiscoveryRequest)[] = [];
  const stream = new AdsStream(
    mode,
    {
      send: (response) => void call.write(mode === 'sotw' ? stateOfTheWorld(response) : delta(response)),
      onAck: () => connection && host.acknowledged(connection),
      onNack: (kind, version, message) => connection && host.refused(connection, kind, { version, message }),
    },
    host.now,
  );
  const overdue = setInterval(() => {
    stream.flush();
    if (connection) host.acknowledged(connection);
  }, overdueCheckMs);
  overdue.unref();
  const end = (): void => {
    if (!isOpen) return;
    isOpen = false;
    clearInterval(overdue);
    if (connection) host.disconnected(connection);
  };
  const refuse = (code: status, details: string): void => {
    host.log('warn', `xDS stream from ${call.getPeer()} refused: ${details}`);
    end();
    call.emit('error', { code, details });
  };
  call.on('data', (message: DiscoveryRequest | DeltaDiscoveryRequest) => {
    if (!isOpen) return;
    waiting.push(message);
    if (connection) drain();
    else if (waiting.length === 1) void open(message);
  });
  call.on('end', () => {
    end();
    call.end();
  });
  call.on('cancelled', end);
  call.on('error', end);

  const drain = (): void => {
    for (const message of waiting.splice(0)) {
      if (connection && message.typeUrl === healthTypeUrl) host.reportedHealth(connection, problemOf(message));
      const request = readRequest(message);
      if (request) stream.request(request);
    }
    if (connection) host.acknowledged(connection);
  };
  const open = async (message: DiscoveryRequest | DeltaDiscoveryRequest): Promise<void> => {
    const node = message.node ? parseNode(nodeJson(message.node)) : null;
    if (!node) {
      refuse(
        status.INVALID_ARGUMENT,
        `the first request must carry a node with an id type~ip~name.namespace~domain, found "${message.node?.id ?? ''}"`,
      );
      return;
    }
    try {
      const identity = await host.authenticate(call);
      if (!isOpen) return;
      if (identity && identity.namespace !== node.namespace) {
        refuse(status.PERMISSION_DENIED, `the caller is of namespace ${identity.namespace}, its node says ${node.namespace}`);
        return;
      }
      connection = {
        node,
        userAgent: userAgent(message.node),
        stream,
        identity,
        connectedAt: host.now(),
        close: () => {
          end();
          call.end();
        },
      };
      host.connected(connection);
      drain();
    } catch (error) {
      refuse(status.UNAUTHENTICATED, (error as Error).message);
    }
  };
}

/** `istio.v1.HealthInformation`: an error is what ails the workload, none means that it is well. */
function problemOf({ errorDetail }: DiscoveryRequest | DeltaDiscoveryRequest): string | null {
  return errorDetail ? errorDetail.message || 'unhealthy' : null;
}

export function readRequest(message: DiscoveryRequest | DeltaDiscoveryRequest): StreamRequest | null {
  const kind = xdsTypeOf(message.typeUrl);
  if (!kind) return null;
  const error = message.errorDetail ? message.errorDetail.message || `error code ${message.errorDetail.code}` : null;
  const base = { kind, nonce: message.responseNonce, error };
  return message.$typeName === 'envoy.service.discovery.v3.DiscoveryRequest'
    ? { ...base, names: message.resourceNames, subscribe: [], unsubscribe: [], initialVersions: {} }
    : {
        ...base,
        names: [],
        subscribe: message.resourceNamesSubscribe,
        unsubscribe: message.resourceNamesUnsubscribe,
        initialVersions: message.initialResourceVersions,
      };
}

export function stateOfTheWorld({ kind, version, nonce, resources }: StreamResponse): DiscoveryResponse {
  const typeUrl = typeUrls[kind];
  return create(DiscoveryResponseSchema, {
    typeUrl,
    versionInfo: version,
    nonce,
    resources: resources.map(({ bytes }) => ({ typeUrl, value: bytes })),
    controlPlane: { identifier: 'weft' },
  });
}

function delta({ kind, version, nonce, resources, removed }: StreamResponse): DeltaDiscoveryResponse {
  const typeUrl = typeUrls[kind];
  return create(DeltaDiscoveryResponseSchema, {
    typeUrl,
    systemVersionInfo: version,
    nonce,
    resources: resources.map((resource) => ({
      name: resource.name,
      version: resource.version,
      resource: { typeUrl, value: resource.bytes },
    })),
    removedResources: [...removed],
    controlPlane: { identifier: 'weft' },
  });
}

/** The node without what only Envoy itself needs; extensions are long but say what may be sent. */
function nodeJson(node: Node): NodeJson {
  return toJson(NodeSchema, node) as JsonObject as NodeJson;
}

function userAgent(node: Node | undefined): ProxyConnection['userAgent'] {
  const version = node?.userAgentVersionType;
  if (version?.case === 'userAgentVersion') return { name: node?.userAgentName ?? '', version: version.value };
  const number = version?.case === 'userAgentBuildVersion' ? version.value.version : undefined;
  return { name: node?.userAgentName ?? '', version: number ? `${number.majorNumber}.${number.minorNumber}.${number.patch}` : '' };
}
