import type { GrpcServiceJson } from '@weft/envoy-api/envoy/config/core/v3/grpc_service_pb';
import type { GrpcServicePlan } from './http-filter-plan.ts';
import { durationMs } from './read.ts';

/** A gRPC service to call; `google_grpc` targets have no cluster and are not supported. */
export function buildGrpcService(json: GrpcServiceJson | undefined, defaultTimeoutMs: number): GrpcServicePlan {
  return {
    cluster: json?.envoyGrpc?.clusterName ?? '',
    authority: json?.envoyGrpc?.authority ?? '',
    timeoutMs: durationMs(json?.timeout, defaultTimeoutMs),
    initialMetadata: (json?.initialMetadata ?? []).map(({ key, value }) => [key ?? '', value ?? ''] as const),
  };
}
