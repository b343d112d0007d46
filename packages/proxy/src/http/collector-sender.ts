import type { HttpCollectorPlan } from '@weft/core/plan/tracing-plan';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import { grpcFrame } from './grpc-frame.ts';
import { callCluster } from './internal-request.ts';

/** A request body for a collector of spans or logs. */
interface CollectorRequest {
  readonly cluster: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly timeoutMs: number;
}

/** Sends a request body to a cluster; the answer does not matter. */
export type SendToCollector = (request: CollectorRequest) => void;

/** What is sent goes through the proxy's own clusters; without one it is dropped, as Envoy drops it. */
export function collectorSender(clusters: ClusterManager): SendToCollector {
  return ({ cluster: name, ...call }) => {
    const cluster = clusters.get(name);
    if (cluster !== undefined) void callCluster(cluster, { ...call, method: 'POST', connection: null });
  };
}

const defaultTimeoutMs = 10_000;

/** A body for a collector that is called over HTTP; configured headers stand over the one that tells what it is. */
export function httpRequest({ headers, ...collector }: HttpCollectorPlan, contentType: string, body: Buffer): CollectorRequest {
  const own = headers.some(([name]) => name === 'content-type') ? [] : [['content-type', contentType] as const];
  return { ...collector, headers: [...own, ...headers], body };
}

/** A unary gRPC call with an encoded message. */
export function grpcRequest(
  service: {
    readonly cluster: string;
    readonly authority: string;
    readonly timeoutMs: number;
    readonly initialMetadata: readonly (readonly [string, string])[];
  },
  path: string,
  message: Uint8Array,
): CollectorRequest {
  return {
    cluster: service.cluster,
    path,
    authority: service.authority || service.cluster,
    headers: [['content-type', 'application/grpc'], ['te', 'trailers'], ...service.initialMetadata],
    body: grpcFrame(message),
    timeoutMs: service.timeoutMs || defaultTimeoutMs,
  };
}
