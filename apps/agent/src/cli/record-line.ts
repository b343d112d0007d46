import type { TrafficPeer, TrafficRecord } from '../api/types.ts';

/** A recorded request in one line. */
export function recordLine(record: TrafficRecord): string {
  const { id, at, reporter, source, destination, protocol, method, path, authority, code, grpcStatus, flags, durationMs, mtls } = record;
  const what = protocol === 'tcp' ? `tcp ${record.service}` : `${method} ${authority}${path}`;
  const outcome = protocol === 'tcp' ? '' : `${code === 0 ? '-' : code}${grpcStatus === null ? '' : ` grpc ${grpcStatus}`} `;
  const trouble = flags.length > 0 ? ` ${flags.join(',')}` : '';
  const refused = record.refusedBy ? ` refused by ${record.refusedBy.policy ?? 'no ALLOW rule that matches'}` : '';
  return `${id} ${new Date(at).toISOString()} ${reporter} ${peerName(source)} → ${peerName(destination)} ${what} ${outcome}${Math.round(durationMs)} ms ${mtls ? 'mTLS' : 'plain'}${trouble}${refused}`;
}

function peerName({ namespace, workload, address }: TrafficPeer): string {
  return workload === '' || workload === 'unknown' ? address || 'unknown' : `${namespace}/${workload}`;
}
