import type { PairForTest } from '../../src/identity/certificates-for-test.ts';

const type = (name: string) => `type.googleapis.com/${name}`;
const authz = (config: object = {}) => ({
  name: 'envoy.filters.network.ext_authz',
  typed_config: {
    '@type': type('envoy.extensions.filters.network.ext_authz.v3.ExtAuthz'),
    grpc_service: { envoy_grpc: { cluster_name: 'authorizer' }, timeout: '0.3s' },
    transport_api_version: 'V3',
    ...config,
  },
});
const rbac = (config: object) => ({
  name: 'envoy.filters.network.rbac',
  typed_config: { '@type': type('envoy.extensions.filters.network.rbac.v3.RBAC'), stat_prefix: 'tcp.', ...config },
});
const rules = (action: 'ALLOW' | 'DENY', permission: object) => ({
  action,
  policies: { 'istio-ext-authz-p-ns[a]-policy[b]-rule[0]': { permissions: [permission], principals: [{ any: true }] } },
});
const nothing = { destination_port: 1 };
const anything = { any: true };

/** As Istio has it for CUSTOM policies: shadow rules say whether the service is asked. */
const custom = (permission: object): readonly object[] => [
  rbac({ shadow_rules: rules('DENY', permission), shadow_rules_stat_prefix: 'istio_ext_authz_' }),
  authz({
    filter_enabled_metadata: {
      filter: 'envoy.filters.network.rbac',
      path: [{ key: 'istio_ext_authz_shadow_effective_policy_id' }],
      value: { string_match: { prefix: 'istio-ext-authz-p-' } },
    },
  }),
];

interface Setup {
  readonly filters: readonly object[];
  readonly isTls?: boolean;
}

/** Network filters before a TCP proxy, by the name of their listener. */
export const connectionSetups: Readonly<Record<string, Setup>> = {
  plain: { filters: [authz()] },
  open: { filters: [authz({ failure_mode_allow: true })] },
  custom: { filters: custom(anything) },
  elsewhere: { filters: custom(nothing) },
  then_denied: { filters: [authz(), rbac({ rules: rules('DENY', anything) })] },
  then_allowed: { filters: [authz(), rbac({ rules: rules('ALLOW', anything) })] },
  twice: { filters: [authz(), authz()] },
  tls: { filters: [authz()], isTls: true },
  tls_more: {
    filters: [authz({ include_peer_certificate: true, include_tls_session: true, bootstrap_metadata_labels_key: 'labels' })],
    isTls: true,
  },
};

const socketAddress = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
const cluster = (name: string, port: number, more: object = {}) => ({
  name,
  type: 'STATIC',
  load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(port) } }] }] },
  ...more,
});
const http2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};
const inline = (text: string) => ({ inline_string: text });

interface World {
  readonly ports: Readonly<Record<string, number>>;
  readonly admin: number;
  /** Path of the access logs, without `-setup.log`. */
  readonly logs: string;
  readonly origin: number;
  readonly authorizer: number;
  readonly server: PairForTest;
  readonly root: string;
}

/** The bootstrap of one side. */
export function connectionBootstrap({ ports, admin, logs, origin, authorizer, server, root }: World): object {
  const transport = {
    name: 'tls',
    typed_config: {
      '@type': type('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
      require_client_certificate: true,
      common_tls_context: {
        tls_certificates: [{ certificate_chain: inline(server.cert), private_key: inline(server.key) }],
        validation_context: { trusted_ca: inline(root) },
      },
    },
  };
  const inspector = { '@type': type('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector') };
  return {
    admin: { address: socketAddress(admin) },
    node: { id: 'connections', cluster: 'connections', metadata: { labels: { app: 'shop' } } },
    static_resources: {
      listeners: Object.entries(connectionSetups).map(([name, { filters, isTls }]) => ({
        name,
        address: socketAddress(ports[name] ?? 0),
        listener_filters: [{ name: 'tls', typed_config: inspector }],
        filter_chains: [
          {
            filters: [...filters.map((filter) => withPrefix(filter, name)), tcpProxy(name, logs)],
            ...(isTls && { transport_socket: transport }),
          },
        ],
      })),
      clusters: [cluster('origin', origin), cluster('authorizer', authorizer, http2)],
    },
  };
}

/** Filters of ext_authz count under the name of their listener. */
function withPrefix(filter: object, prefix: string): object {
  const { typed_config: config } = filter as { readonly typed_config: object };
  return { ...filter, typed_config: { stat_prefix: prefix, ...config } };
}

function tcpProxy(name: string, logs: string): object {
  const format = [
    '%RESPONSE_FLAGS%',
    '%RESPONSE_CODE_DETAILS%',
    '%CONNECTION_TERMINATION_DETAILS%',
    '%DYNAMIC_METADATA(envoy.filters.network.ext_authz:user)%',
    '%DYNAMIC_METADATA(envoy.filters.network.rbac)%',
    '%BYTES_RECEIVED%',
    '%BYTES_SENT%',
  ].join(' ');
  return {
    name: 'tcp',
    typed_config: {
      '@type': type('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'),
      stat_prefix: name,
      cluster: 'origin',
      access_log: [
        {
          name: 'file',
          typed_config: {
            '@type': type('envoy.extensions.access_loggers.file.v3.FileAccessLog'),
            path: `${logs}-${name}.log`,
            log_format: { text_format_source: { inline_string: `${format}\n` } },
          },
        },
      ],
    },
  };
}
