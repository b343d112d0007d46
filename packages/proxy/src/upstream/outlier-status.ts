import { grpcToHttp } from '@weft/core/engine/grpc-to-http';
import type { ResponseTest } from '@weft/core/plan/cluster-plan';
import type { Headers } from '../http/headers.ts';

/** A response as outlier detection takes it. */
export interface JudgedResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Of a gRPC response that is over with its head; null otherwise. */
  readonly grpcStatus: number | null;
}

/** The status that outlier detection counts: a gRPC status translated; with a test of the cluster's own 500 where it holds, else 200. */
export function outlierStatus({ status, headers, grpcStatus }: JudgedResponse, test: ResponseTest | null): number {
  if (test === null) return grpcStatus === null ? status : grpcToHttp(grpcStatus);
  const isError = test((name) => (name === ':status' ? String(status) : headers.get(name)));
  return isError ? Math.max(500, status) : 200;
}
