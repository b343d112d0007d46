/**
 * Fields that Envoy has and the proto files of `@grpc/grpc-js-xds` do not have yet, without which only a deprecated form could be sent. Names and numbers
 * are Envoy's.
 */
const rbac = 'envoy/config/rbac/v3/rbac.proto';
const openTelemetryLog = 'envoy/extensions/access_loggers/open_telemetry/v3/logs_service.proto';

export const additions = [
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
];
