const celFilter = (expression: string) => ({
  extension_filter: {
    name: 'cel',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter', expression },
  },
});

const comparison = (op: string, default_value: number) => ({ comparison: { op, value: { default_value, runtime_key: 'unset' } } });
const present = (name: string) => ({ header_filter: { header: { name, present_match: true } } });

/** One of each kind of filter, by the file that it guards. */
export const filters: Readonly<Record<string, object>> = {
  default: celFilter('response.code >= 400'),
  method: celFilter("request.method == 'GET'"),
  header: celFilter("request.headers['x-wanted'] == 'yes'"),
  missing: celFilter("has(response.code_details) && response.code_details != 'via_upstream'"),
  flag: { response_flag_filter: { flags: ['UF'] } },
  flagged: { response_flag_filter: {} },
  size: celFilter('response.size > 20 && request.duration < duration("10s")'),
  mtls: celFilter("connection.mtls && connection.uri_san_peer_certificate.startsWith('spiffe://')"),
  status: { status_code_filter: comparison('GE', 500) },
  success: { status_code_filter: comparison('LE', 299) },
  found: { status_code_filter: comparison('NE', 404) },
  // Far from what requests take, however slow the machine is.
  slow: { duration_filter: comparison('GE', 3_600_000) },
  fast: { duration_filter: comparison('LE', 3_600_000) },
  health: { not_health_check_filter: {} },
  traced: { traceable_filter: {} },
  always: { runtime_filter: { runtime_key: 'unset', percent_sampled: { numerator: 100 } } },
  never: { runtime_filter: { runtime_key: 'unset', percent_sampled: { numerator: 0 } } },
  both: { and_filter: { filters: [present('x-wanted'), { status_code_filter: comparison('EQ', 200) }] } },
  either: { or_filter: { filters: [present('x-wanted'), { status_code_filter: comparison('EQ', 404) }] } },
  grpc: { grpc_status_filter: { statuses: ['UNAVAILABLE'] } },
  notgrpc: { grpc_status_filter: { statuses: ['UNAVAILABLE', 'UNIMPLEMENTED'], exclude: true } },
  type: { log_type_filter: { types: ['DownstreamEnd', 'TcpConnectionEnd'] } },
  nottype: { log_type_filter: { types: ['DownstreamEnd', 'TcpConnectionEnd'], exclude: true } },
  metadata: { metadata_filter: { matcher: { filter: 'com.test', path: [{ key: 'a' }], value: { present_match: true } } } },
  nometadata: {
    metadata_filter: {
      matcher: { filter: 'com.test', path: [{ key: 'a' }], value: { present_match: true } },
      match_if_key_not_found: false,
    },
  },
};
