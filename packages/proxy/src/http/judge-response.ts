import { outlierStatus } from '../upstream/outlier-status.ts';
import type { Attempt } from './attempt.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import type { Headers } from './headers.ts';

/** Tells outlier detection how a host answered; answers the head's gRPC status, null without. */
export function judgeResponse(exchange: ExchangeRecord, { cluster, host }: Attempt, status: number, headers: Headers): number | null {
  const grpcStatus = readGrpcStatus(headers);
  const { outlierErrors } = cluster.plan.protocol;
  if (grpcStatus === null && outlierErrors === null) cluster.reportResult(host, status);
  else cluster.reportResult(host, outlierStatus({ status, headers, grpcStatus: exchange.isGrpc ? grpcStatus : null }, outlierErrors));
  return grpcStatus;
}

/** The gRPC status in headers or trailers; null without. */
export function readGrpcStatus(headers: Headers): number | null {
  const status = headers.get('grpc-status');
  return status === undefined ? null : Number(status);
}
