/**
 * Fields that Envoy has and the proto files of `@grpc/grpc-js-xds` do not have yet, without which only a deprecated form could be sent. Names and numbers
 * are Envoy's.
 */
const accessLog = 'envoy/config/accesslog/v3/accesslog.proto';
const customTag = 'envoy/type/tracing/v3/custom_tag.proto';
const circuitBreaker = 'envoy/config/cluster/v3/circuit_breaker.proto';
const connectionManager = 'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto';
const httpProtocolOptions = 'envoy/extensions/upstreams/http/v3/http_protocol_options.proto';
const weightedRoundRobin =
  'envoy/extensions/load_balancing_policies/client_side_weighted_round_robin/v3/client_side_weighted_round_robin.proto';
const localRateLimit = 'envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto';
const zipkin = 'envoy/config/trace/v3/zipkin.proto';
const rbac = 'envoy/config/rbac/v3/rbac.proto';
const routeComponents = 'envoy/config/route/v3/route_components.proto';
const xff = 'envoy/extensions/http/original_ip_detection/xff/v3/xff.proto';
const openTelemetryLog = 'envoy/extensions/access_loggers/open_telemetry/v3/logs_service.proto';

export const additions = [
  {
    file: accessLog,
    after: '    LE = 2;',
    text: '    NE = 3;',
  },
  {
    file: customTag,
    after: '    Metadata metadata = 5;',
    text: '    string value = 6;',
  },
  {
    file: weightedRoundRobin,
    after: '  google.protobuf.FloatValue error_utilization_penalty = 6 [(validate.rules).float = {gte: 0.0}];',
    text: '  repeated string metric_names_for_computing_utilization = 7;',
  },
  {
    file: circuitBreaker,
    after: '      google.protobuf.UInt32Value min_retry_concurrency = 2;',
    text: '      google.protobuf.Duration budget_interval = 3;',
  },
  {
    file: circuitBreaker,
    after: 'package envoy.config.cluster.v3;',
    text: 'import "google/protobuf/duration.proto";',
  },
  {
    file: connectionManager,
    after: '    google.protobuf.BoolValue spawn_upstream_span = 10;',
    text: '    bool no_context_propagation = 13;',
  },
  {
    file: connectionManager,
    after: '  bool append_local_overload = 57;',
    text: '  google.protobuf.Duration stream_flush_timeout = 59;',
  },
  {
    file: httpProtocolOptions,
    after: '  config.core.v3.TypedExtensionConfig header_validation_config = 7;',
    text: `  message OutlierDetection {
    config.common.matcher.v3.MatchPredicate error_matcher = 1;
  }
  OutlierDetection outlier_detection = 8;`,
  },
  {
    file: httpProtocolOptions,
    after: 'package envoy.extensions.upstreams.http.v3;',
    text: 'import "envoy/config/common/matcher/v3/matcher.proto";',
  },
  {
    file: localRateLimit,
    after: '  bool rate_limited_as_resource_exhausted = 15;',
    text: '  repeated config.route.v3.RateLimit rate_limits = 17;',
  },
  {
    file: localRateLimit,
    after: 'package envoy.extensions.filters.http.local_ratelimit.v3;',
    text: 'import "envoy/config/route/v3/route_components.proto";',
  },
  {
    file: zipkin,
    after: '  CollectorEndpointVersion collector_endpoint_version = 5;',
    text: `  TraceContextOption trace_context_option = 8;
  enum TraceContextOption {
    USE_B3 = 0;
    USE_B3_WITH_W3C_PROPAGATION = 1;
  }
  core.v3.HttpService collector_service = 9;`,
  },
  {
    file: zipkin,
    after: 'package envoy.config.trace.v3;',
    text: 'import "envoy/config/core/v3/http_service.proto";',
  },
  {
    file: rbac,
    after: '    core.v3.TypedExtensionConfig uri_template = 13;',
    text: '    SourcedMetadata sourced_metadata = 14;',
  },
  {
    file: rbac,
    after: '    type.matcher.v3.FilterStateMatcher filter_state = 12;',
    text: '    SourcedMetadata sourced_metadata = 13;',
  },
  {
    file: rbac,
    after: 'package envoy.config.rbac.v3;',
    text: `enum MetadataSource {
  DYNAMIC = 0;
  ROUTE = 1;
}
message SourcedMetadata {
  type.matcher.v3.MetadataMatcher metadata_matcher = 1;
  MetadataSource metadata_source = 2;
}`,
  },
  {
    file: openTelemetryLog,
    after: '  grpc.v3.CommonGrpcAccessLogConfig common_config = 1 [(validate.rules).message = {required: true}];',
    text: `  config.core.v3.GrpcService grpc_service = 9;
  string log_name = 10;
  repeated string filter_state_objects_to_log = 13;`,
  },
  {
    file: openTelemetryLog,
    after: 'package envoy.extensions.access_loggers.open_telemetry.v3;',
    text: 'import "envoy/config/core/v3/grpc_service.proto";',
  },
  {
    file: routeComponents,
    after: '  core.v3.TypedExtensionConfig early_data_policy = 40;',
    text: '  google.protobuf.Duration flush_timeout = 42;',
  },
  {
    file: xff,
    after: '  uint32 xff_num_trusted_hops = 1;',
    text: `  XffTrustedCidrs xff_trusted_cidrs = 2;
  google.protobuf.BoolValue skip_xff_append = 3;`,
  },
  {
    file: xff,
    after: 'package envoy.extensions.http.original_ip_detection.xff.v3;',
    text: `import "envoy/config/core/v3/address.proto";
import "google/protobuf/wrappers.proto";
message XffTrustedCidrs {
  repeated config.core.v3.CidrRange cidrs = 1;
}`,
  },
];
