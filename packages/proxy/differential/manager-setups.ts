import type { Setup } from './setup.ts';

const type = (name: string) => `type.googleapis.com/${name}`;
const toOrigin = { match: { prefix: '/' }, route: { cluster: 'origin' } };
const routes = [toOrigin];
const caseKeeper = {
  stateful_formatter: {
    name: 'preserve_case',
    typed_config: { '@type': type('envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig') },
  },
};
const xff = (config: object) => [
  {
    name: 'envoy.http.original_ip_detection.xff',
    typed_config: { '@type': type('envoy.extensions.http.original_ip_detection.xff.v3.XffConfig'), ...config },
  },
];
const requestId = (config: object) => ({
  typed_config: { '@type': type('envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig'), ...config },
});

/** Listeners about options of the connection manager itself. */
export const managerSetups: Readonly<Record<string, Setup>> = {
  http2: { routes },
  http2underscorereject: {
    manager: { common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' } },
    routes,
  },
  http2underscoredrop: {
    manager: { common_http_protocol_options: { headers_with_underscores_action: 'DROP_HEADER' } },
    routes,
  },
  http2small: { manager: { max_request_headers_kb: 1 }, routes },
  http2few: {
    manager: { drain_timeout: '0.1s', common_http_protocol_options: { max_requests_per_connection: 2 } },
    routes,
  },
  http2tolerant: {
    manager: {
      http2_protocol_options: { override_stream_error_on_invalid_http_message: true, allow_connect: true },
    },
    routes,
  },
  requesttimeout: { manager: { request_timeout: '0.3s' }, routes },
  headerstimeout: { manager: { request_headers_timeout: '0.2s' }, routes },
  streamidle: { manager: { stream_idle_timeout: '0.3s' }, routes },
  connectionidle: { manager: { common_http_protocol_options: { idle_timeout: '0.3s' } }, routes },
  maxduration: { manager: { common_http_protocol_options: { max_stream_duration: '0.2s' } }, routes },
  connectionduration: { manager: { common_http_protocol_options: { max_connection_duration: '0.2s' }, drain_timeout: '0.1s' }, routes },
  requestsperconnection: { manager: { common_http_protocol_options: { max_requests_per_connection: 2 } }, routes },
  smallheaders: { manager: { max_request_headers_kb: 1 }, routes },
  largeheaders: { manager: { max_request_headers_kb: 96 }, routes },
  fewheaders: { manager: { common_http_protocol_options: { max_headers_count: 5 } }, routes },
  manyheaders: { manager: { common_http_protocol_options: { max_headers_count: 200 } }, routes },
  underscoreallow: { manager: { common_http_protocol_options: { headers_with_underscores_action: 'ALLOW' } }, routes },
  underscorereject: { manager: { common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' } }, routes },
  underscoredrop: { manager: { common_http_protocol_options: { headers_with_underscores_action: 'DROP_HEADER' } }, routes },
  via: { manager: { via: 'weft', server_name: 'mesh', add_user_agent: true }, routes },
  passthrough: { manager: { server_header_transformation: 'PASS_THROUGH' }, routes },
  schemehttps: { manager: { scheme_header_transformation: { scheme_to_overwrite: 'https' } }, routes },
  schemeupstream: { manager: { scheme_header_transformation: { match_upstream: true } }, routes },
  forwardedport: { manager: { append_x_forwarded_port: true, use_remote_address: true }, routes },
  forwardedportfar: { manager: { append_x_forwarded_port: true, use_remote_address: true, xff_num_trusted_hops: 1 }, routes },
  farhops: { manager: { xff_num_trusted_hops: 1 }, routes },
  internal: {
    manager: {
      use_remote_address: true,
      internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] },
    },
    routes,
  },
  internalfar: {
    manager: { internal_address_config: { cidr_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }] } },
    routes,
  },
  xffdetection: { manager: { original_ip_detection_extensions: xff({ xff_num_trusted_hops: 1 }) }, routes },
  requestid: {
    manager: { use_remote_address: true, preserve_external_request_id: true, always_set_request_id_in_response: true },
    routes,
  },
  requestidnone: { manager: { generate_request_id: false, always_set_request_id_in_response: true }, routes },
  requestidpack: { manager: { request_id_extension: requestId({ pack_trace_reason: false }) }, routes },
  trailers: {
    manager: { http_protocol_options: { enable_trailers: true } },
    routes: [{ match: { prefix: '/' }, route: { cluster: 'trailing' } }],
  },
  preservecase: {
    manager: { http_protocol_options: { header_key_format: caseKeeper } },
    routes: [{ match: { prefix: '/' }, route: { cluster: 'casekeeping' } }],
  },
  preservedown: { manager: { http_protocol_options: { header_key_format: caseKeeper } }, routes },
  propercase: {
    manager: { http_protocol_options: { header_key_format: { proper_case_words: {} } } },
    routes: [{ match: { prefix: '/' }, route: { cluster: 'propercase' } }],
  },
  continues: { manager: { proxy_100_continue: true }, routes },
  chunkedlength: { manager: { http_protocol_options: { allow_chunked_length: true } }, routes },
  noabsolute: { manager: { http_protocol_options: { allow_absolute_url: false } }, routes },
  stripmatching: { manager: { strip_matching_host_port: true }, routes },
  stripdot: { manager: { strip_trailing_host_dot: true }, routes },
  keepinvalid: { manager: { http_protocol_options: { override_stream_error_on_invalid_http_message: true } }, routes },
  grpcweb: {
    filters: [
      { name: 'envoy.filters.http.grpc_web', typed_config: { '@type': type('envoy.extensions.filters.http.grpc_web.v3.GrpcWeb') } },
    ],
    routes: [
      { match: { prefix: '/status' }, direct_response: { status: 503, body: { inline_string: 'no' } } },
      { match: { prefix: '/' }, route: { cluster: 'trailing' } },
    ],
  },
  upgraderoute: {
    routes: [
      {
        match: { prefix: '/ws' },
        route: { cluster: 'origin', upgrade_configs: [{ upgrade_type: 'websocket' }] },
      },
      {
        match: { prefix: '/off' },
        route: { cluster: 'origin', upgrade_configs: [{ upgrade_type: 'websocket', enabled: false }] },
      },
      { match: { connect_matcher: {} }, route: { cluster: 'origin', upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }] } },
      toOrigin,
    ],
  },
};

const protocolOptions = (options: object): object => ({
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
      ...options,
    },
  },
});

/** Options of the clusters that these listeners use beside the usual ones, by cluster name. */
export const managerClusters: Readonly<Record<string, object>> = {
  trailing: protocolOptions({ explicit_http_config: { http_protocol_options: { enable_trailers: true } } }),
  casekeeping: protocolOptions({ explicit_http_config: { http_protocol_options: { header_key_format: caseKeeper } } }),
  propercase: protocolOptions({ explicit_http_config: { http_protocol_options: { header_key_format: { proper_case_words: {} } } } }),
};
