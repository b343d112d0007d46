import type { PairForTest } from '../../src/identity/certificates-for-test.ts';

export interface AdminPorts {
  readonly admin: number;
  readonly http: number;
  readonly tcp: number;
  readonly dead: number;
  readonly origin: number;
  readonly tls: number;
  /** Of a TLS listener that turns away whoever comes. */
  readonly refusing: number;
  /** Of listeners whose network filter turns away whoever comes. */
  readonly deniedTcp: number;
  readonly deniedHttp: number;
  /** File of the access log. */
  readonly log: string;
}

/** Keys and certificates in PEM. */
export interface Certificates extends PairForTest {
  readonly root: string;
}

const type = (name: string) => `type.googleapis.com/${name}`;

/** A transport socket; `side` is `Downstream` or `Upstream`. */
function tlsSocket(side: string, { key, cert, root }: Certificates, { ownsCertificate = true, san = '' } = {}): object {
  const names = san === '' ? {} : { match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: san } }] };
  return {
    name: 'tls',
    typed_config: {
      '@type': type(`envoy.extensions.transport_sockets.tls.v3.${side}TlsContext`),
      ...(side === 'Downstream' && { require_client_certificate: true }),
      common_tls_context: {
        ...(ownsCertificate && { tls_certificates: [{ certificate_chain: { inline_string: cert }, private_key: { inline_string: key } }] }),
        validation_context: { trusted_ca: { inline_string: root }, ...names },
      },
    },
  };
}

const http2Options = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
    explicit_http_config: { http2_protocol_options: {} },
  },
};

/** A policy for paths that begin with `prefix`, or for all others. */
function pathPolicy(prefix: string, isForOthers = false): object {
  const permission = { url_path: { path: { prefix } } };
  return { permissions: [isForOthers ? { not_rule: permission } : permission], principals: [{ any: true }] };
}

/** HTTP filters that count what they do: a denial and a permission, each with a dry run, and faults. */
const countingFilters: readonly object[] = [
  ...(['DENY', 'ALLOW'] as const).map((action) => ({
    name: `rbac-${action}`,
    typed_config: {
      '@type': type('envoy.extensions.filters.http.rbac.v3.RBAC'),
      rules: { action, policies: { forbidden: pathPolicy('/forbidden', action === 'ALLOW') } },
      shadow_rules: { action, policies: { quick: pathPolicy('/quick') } },
      shadow_rules_stat_prefix: `istio_dry_run_${action.toLowerCase()}_`,
    },
  })),
  {
    name: 'fault',
    typed_config: {
      '@type': type('envoy.extensions.filters.http.fault.v3.HTTPFault'),
      headers: [{ name: ':path', string_match: { prefix: '/faulty' } }],
      delay: { fixed_delay: '0.01s', percentage: { numerator: 100 } },
      abort: { http_status: 418, percentage: { numerator: 100 } },
    },
  },
];

/** A proxy with each kind of listener and cluster that its admin interface tells of. */
export function adminBootstrap(ports: AdminPorts, certificates: Certificates): object {
  const cluster = (name: string, port: number, more: object = {}) => ({
    ...more,
    name,
    connect_timeout: '1s',
    type: 'STATIC',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] }],
    },
  });
  const listener = (name: string, port: number, filter: object, chain: object = {}, before: readonly object[] = []) => ({
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [...before, filter], ...chain }],
  });
  const http = {
    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'ingress',
    route_config: {
      name: 'routes',
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          virtual_clusters: [{ name: 'statuses', headers: [{ name: ':path', string_match: { prefix: '/status' } }] }],
          routes: [
            { match: { prefix: '/loop' }, route: { cluster: 'loop', prefix_rewrite: '/patient' } },
            { match: { prefix: '/patient' }, route: { cluster: 'origin', prefix_rewrite: '/slow/1000' } },
            { match: { prefix: '/quick' }, route: { cluster: 'loop', prefix_rewrite: '/direct', timeout: '0.1s' } },
            { match: { prefix: '/upgrade' }, route: { cluster: 'origin' } },
            { match: { prefix: '/named' }, stat_prefix: 'named', route: { cluster: 'origin' } },
            { match: { prefix: '/direct' }, direct_response: { status: 200, body: { inline_string: 'hi' } } },
            { match: { prefix: '/redirect' }, redirect: { path_redirect: '/x' } },
            { match: { prefix: '/mutual' }, route: { cluster: 'mutual', prefix_rewrite: '/direct' } },
            { match: { prefix: '/misnamed' }, route: { cluster: 'misnamed' } },
            { match: { prefix: '/bare' }, route: { cluster: 'bare' } },
            { match: { prefix: '/plain' }, route: { cluster: 'plain' } },
            { match: { prefix: '/dead' }, route: { cluster: 'dead' } },
            { match: { prefix: '/slow' }, route: { cluster: 'origin', timeout: '0.1s' } },
            { match: { prefix: '/flaky' }, route: { cluster: 'origin', retry_policy: { retry_on: '5xx', num_retries: 2 } } },
            { match: { prefix: '/status' }, route: { cluster: 'origin' } },
            { match: { prefix: '/reset' }, route: { cluster: 'origin' } },
            { match: { prefix: '/a' }, route: { cluster: 'origin' } },
          ],
        },
      ],
    },
    access_log: [
      {
        name: 'file',
        typed_config: {
          '@type': type('envoy.extensions.access_loggers.file.v3.FileAccessLog'),
          path: ports.log,
          log_format: { text_format_source: { inline_string: '%RESPONSE_CODE%\n' } },
        },
      },
    ],
    http_filters: [
      ...countingFilters,
      { name: 'router', typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } },
    ],
  };
  const denial = {
    name: 'rbac',
    typed_config: {
      '@type': type('envoy.extensions.filters.network.rbac.v3.RBAC'),
      stat_prefix: 'denied',
      rules: { action: 'ALLOW' },
      shadow_rules: { action: 'DENY' },
      shadow_rules_stat_prefix: 'dry_run',
    },
  };
  const tcp = { '@type': type('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'), stat_prefix: 'plain', cluster: 'origin' };
  return {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: ports.admin } } },
    node: { id: 'admin-node', cluster: 'admin-cluster' },
    static_resources: {
      listeners: [
        listener('web', ports.http, { name: 'http', typed_config: http }),
        listener('raw', ports.tcp, { name: 'tcp', typed_config: tcp }),
        listener(
          'denied-tcp',
          ports.deniedTcp,
          { name: 'tcp', typed_config: { ...tcp, stat_prefix: 'denied', cluster: 'unreached' } },
          {},
          [denial],
        ),
        listener('denied-http', ports.deniedHttp, { name: 'http', typed_config: { ...http, stat_prefix: 'denied' } }, {}, [denial]),
        ...(['tls', 'refusing'] as const).map((name) =>
          listener(
            name,
            ports[name],
            { name: 'http', typed_config: { ...http, stat_prefix: name } },
            { transport_socket: tlsSocket('Downstream', certificates) },
          ),
        ),
      ],
      clusters: [
        cluster('origin', ports.origin),
        // Envoy connects to it before the filter denies, Weft does not.
        cluster('unreached', ports.origin),
        cluster('dead', ports.dead, { circuit_breakers: { thresholds: [{ max_connections: 10, track_remaining: true }] } }),
        cluster('loop', ports.http, { typed_extension_protocol_options: http2Options }),
        cluster('mutual', ports.tls, { transport_socket: tlsSocket('Upstream', certificates) }),
        cluster('misnamed', ports.refusing, { transport_socket: tlsSocket('Upstream', certificates, { san: 'other.test' }) }),
        cluster('bare', ports.refusing, { transport_socket: tlsSocket('Upstream', certificates, { ownsCertificate: false }) }),
        cluster('plain', ports.refusing),
      ],
      secrets: [
        { name: 'key', tls_certificate: { private_key: { inline_string: 'very secret' }, certificate_chain: { filename: '/dev/null' } } },
      ],
    },
  };
}
