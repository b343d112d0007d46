/** Istio's standard metrics and their types. */
export const istioMetrics: ReadonlyMap<string, 'counter' | 'gauge' | 'histogram'> = new Map([
  ['istio_requests_total', 'counter'],
  ['istio_request_duration_milliseconds', 'histogram'],
  ['istio_request_bytes', 'histogram'],
  ['istio_response_bytes', 'histogram'],
  ['istio_request_messages_total', 'counter'],
  ['istio_response_messages_total', 'counter'],
  ['istio_tcp_connections_opened_total', 'counter'],
  ['istio_tcp_connections_closed_total', 'counter'],
  ['istio_tcp_sent_bytes_total', 'counter'],
  ['istio_tcp_received_bytes_total', 'counter'],
  ['istio_build', 'gauge'],
]);

/** The labels of Istio's metrics, in the order in which its proxies write them. */
export const commonLabels: readonly string[] = [
  'reporter',
  'source_workload',
  'source_canonical_service',
  'source_canonical_revision',
  'source_workload_namespace',
  'source_principal',
  'source_app',
  'source_version',
  'source_cluster',
  'destination_workload',
  'destination_workload_namespace',
  'destination_principal',
  'destination_app',
  'destination_version',
  'destination_service',
  'destination_canonical_service',
  'destination_canonical_revision',
  'destination_service_name',
  'destination_service_namespace',
  'destination_cluster',
  'request_protocol',
  'response_code',
  'grpc_response_status',
  'response_flags',
  'connection_security_policy',
];

const messageLabels: ReadonlySet<string> = new Set(['response_code', 'response_flags', 'request_protocol', 'grpc_response_status']);
const connectionLabels: ReadonlySet<string> = new Set(['response_code', 'grpc_response_status']);

/** Which of the common labels a metric does not have; null for one that has none of them. */
export function missingLabels(metric: string): ReadonlySet<string> | null {
  if (metric === 'istio_build') return null;
  if (metric.endsWith('_messages_total')) return messageLabels;
  return metric.startsWith('istio_tcp_') ? connectionLabels : new Set();
}
