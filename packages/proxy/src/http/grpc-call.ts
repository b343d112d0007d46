import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { GrpcServicePlan } from '@weft/core/plan/http-filter-plan';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import { grpcFrame, grpcFrameBytes } from './grpc-frame.ts';
import { callCluster } from './internal-request.ts';

/** A unary call to a gRPC service. */
export interface GrpcCall {
  readonly service: GrpcServicePlan;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly message: Uint8Array;
  /** On whose behalf the call is made. */
  readonly connection: ConnectionFacts;
}

/**
 * Calls a gRPC service through its cluster, with that cluster's balancing, TLS and limits. Null when there was no good answer in time: no
 * host, no response, or a status other than OK.
 */
export async function callGrpc(clusters: ClusterManager, { service, path, message, connection }: GrpcCall): Promise<Uint8Array | null> {
  const cluster = clusters.get(service.cluster);
  if (cluster === undefined) return null;
  const answer = await callCluster(cluster, {
    method: 'POST',
    path,
    authority: service.authority || service.cluster,
    headers: [['content-type', 'application/grpc'], ['te', 'trailers'], ...service.initialMetadata],
    body: grpcFrame(message),
    timeoutMs: service.timeoutMs > 0 ? service.timeoutMs : longestMs,
    prefersHttp2: true,
    connection,
  });
  if (answer === null || answer.status !== 200) return null;
  const status = (answer.trailers ?? answer.headers).get('grpc-status');
  const { body } = answer;
  if (status !== '0' || body.length < grpcFrameBytes || body[0] !== 0) return null;
  return body.subarray(grpcFrameBytes, grpcFrameBytes + body.readUInt32BE(1));
}

/** A timeout of 0 means none; nobody waits that long. */
const longestMs = 3_600_000;
