/**
 * Fields that Envoy has and the proto files of `@grpc/grpc-js-xds` do not have yet, without which only a deprecated form could be sent. Names and numbers
 * are Envoy's.
 */
const rbac = 'envoy/config/rbac/v3/rbac.proto';

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
];
