import { filters } from './log-filters.ts';
import { logOperators } from './log-operators.ts';

/** Ports and files of one side. */
export interface LogPorts {
  readonly admin: number;
  readonly origin: number;
  readonly dead: number;
  readonly collectorGrpc: number;
  readonly collectorHttp: number;
  readonly http: number;
  readonly mutual: number;
  readonly tcp: number;
  readonly tcpDead: number;
  readonly tcpDenied: number;
  readonly directory: string;
}

/** Keys and certificates in PEM. */
export interface LogCertificates {
  readonly key: string;
  readonly chain: string;
  readonly root: string;
}

const type = (name: string) => `type.googleapis.com/${name}`;
const inline = (text: string) => ({ inline_string: text });

/** One operator a line, so that a difference shows its name. */
const everyOperator = `${logOperators.map((operator) => `${operator.replaceAll('%', '%%')}\t%${operator}%`).join('\n')}\n\n`;

const jsonFormat = {
  code: '%RESPONSE_CODE%',
  sent: '%BYTES_SENT%',
  flags: '%RESPONSE_FLAGS%',
  mixed: 'status %RESPONSE_CODE%',
  missing: '%REQ(X-MISSING)%',
  text: '%REQ(X-CASE)%',
  metadata: '%METADATA(ROUTE:shop)%',
  nested: { attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%', list: ['%REQ(:METHOD)%', '%REQ(X-MISSING)%', true, 1.5] },
  constant: 'plain',
  number: 7,
  nothing: null,
};

const fileLog = (path: string, log_format: object, filter?: object) => ({
  name: 'file',
  ...(filter && { filter }),
  typed_config: { '@type': type('envoy.extensions.access_loggers.file.v3.FileAccessLog'), path, log_format },
});
/** Loggers to files: everything as text and JSON, and one for each kind of filter. */
function loggers({ directory }: LogPorts, name: string): object[] {
  const at = (file: string) => `${directory}/${name}-${file}`;
  return [
    fileLog(at('text'), { text_format_source: inline(everyOperator) }),
    fileLog(at('json'), { json_format: jsonFormat }),
    fileLog(at('json-omit'), { json_format: jsonFormat, omit_empty_values: true }),
    fileLog(at('text-omit'), { text_format_source: inline('[%REQ(X-MISSING)%]%RESPONSE_CODE%\n'), omit_empty_values: true }),
    ...Object.entries(filters).map(([file, filter]) =>
      fileLog(at(file), { text_format_source: inline(`%REQ(X-CASE)% ${file}\n`) }, filter),
    ),
  ];
}

const grpcService = { grpc_service: { envoy_grpc: { cluster_name: 'collector' } }, transport_api_version: 'V3' };

function services(kind: 'http' | 'tcp'): object[] {
  const common = { ...grpcService, log_name: `${kind}-log`, buffer_size_bytes: 0, buffer_flush_interval: '0.02s' };
  const als =
    kind === 'http'
      ? {
          '@type': type('envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig'),
          common_config: common,
          additional_request_headers_to_log: ['x-case'],
          additional_response_headers_to_log: ['x-origin'],
        }
      : { '@type': type('envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig'), common_config: common };
  const otel = {
    '@type': type('envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig'),
    common_config: { ...common, log_name: `${kind}-otel` },
    body: { string_value: '%PROTOCOL% %RESPONSE_CODE% %BYTES_SENT%' },
    attributes: {
      values: [
        { key: 'flags', value: { string_value: '%RESPONSE_FLAGS%' } },
        { key: 'case', value: { string_value: '%REQ(X-CASE)%' } },
      ],
    },
    resource_attributes: { values: [{ key: 'where', value: { string_value: 'here' } }] },
  };
  return [
    { name: 'als', typed_config: als },
    { name: 'otel', typed_config: otel },
  ];
}

/** A proxy whose listeners log everything. */
export function logBootstrap(ports: LogPorts, certificates: LogCertificates): object {
  return {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: ports.admin } } },
    node: { id: 'log-node', cluster: 'log-cluster', locality: { zone: 'zone-a' } },
    static_resources: {
      listeners: [
        httpListener('http', ports.http, ports, null),
        httpListener('mutual', ports.mutual, ports, certificates),
        tcpListener('tcp', ports.tcp, 'origin', ports),
        tcpListener('tcp-dead', ports.tcpDead, 'dead', ports),
        tcpListener('tcp-denied', ports.tcpDenied, 'origin', ports, [denial]),
      ],
      clusters: [
        cluster('origin', ports.origin, { alt_stat_name: 'origin-stats', metadata: { filter_metadata: { shop: { name: 'front' } } } }),
        cluster('dead', ports.dead),
        { name: 'empty', connect_timeout: '1s', type: 'STATIC', load_assignment: { cluster_name: 'empty' } },
        cluster('limited', ports.origin, { circuit_breakers: { thresholds: [{ max_requests: 0 }] } }),
        cluster('collector', ports.collectorGrpc, {
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        }),
      ],
    },
  };
}

function cluster(name: string, port: number, more: object = {}): object {
  const endpoint = { hostname: `${name}.test`, address: { socket_address: { address: '127.0.0.1', port_value: port } } };
  const metadata = { filter_metadata: { shop: { rack: 'r1' } } };
  return {
    name,
    connect_timeout: '1s',
    type: 'STATIC',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint, metadata }] }] },
    ...more,
  };
}

function httpListener(name: string, port: number, ports: LogPorts, certificates: LogCertificates | null): object {
  const manager = {
    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: name,
    access_log: [...loggers(ports, name), ...(name === 'http' ? services('http') : [])],
    route_config: {
      name,
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          virtual_clusters: [{ name: 'gets', headers: [{ name: ':path', string_match: { prefix: '/vc' } }] }],
          routes: [
            { name: 'direct-route', match: { prefix: '/direct' }, direct_response: { status: 404, body: inline('nothing here') } },
            { name: 'dead-route', match: { prefix: '/dead' }, route: { cluster: 'dead' } },
            { name: 'empty-route', match: { prefix: '/empty' }, route: { cluster: 'empty' } },
            { name: 'limited-route', match: { prefix: '/limited' }, route: { cluster: 'limited' } },
            {
              name: 'idle-route',
              match: { prefix: '/idle' },
              route: { cluster: 'origin', timeout: '0s', idle_timeout: '0.1s', prefix_rewrite: '/slow/400' },
            },
            {
              name: 'duration-route',
              match: { prefix: '/duration' },
              route: {
                cluster: 'origin',
                timeout: '0s',
                max_stream_duration: { max_stream_duration: '0.1s' },
                prefix_rewrite: '/slow/400',
              },
            },
            {
              name: 'per-try-route',
              match: { prefix: '/pertry' },
              route: {
                cluster: 'origin',
                retry_policy: { retry_on: 'reset', num_retries: 0, per_try_timeout: '0.1s' },
                prefix_rewrite: '/slow/400',
              },
            },
            { name: 'no-cluster', match: { prefix: '/nocluster' }, route: { cluster: 'missing' } },
            { name: 'slow-route', match: { prefix: '/slow' }, route: { cluster: 'origin', timeout: '0.1s' } },
            {
              name: 'flaky-route',
              match: { prefix: '/flaky' },
              route: { cluster: 'origin', retry_policy: { retry_on: '5xx', num_retries: 2, retry_back_off: { base_interval: '0.005s' } } },
            },
            {
              name: 'rewritten',
              match: { prefix: '/rewrite' },
              route: { cluster: 'origin', prefix_rewrite: '/rewritten' },
              metadata: { filter_metadata: { shop: { tier: 'gold', nested: { a: [1, 'b'] } } } },
            },
            { name: 'none', match: { prefix: '/none', headers: [{ name: 'x-never', present_match: true }] }, route: { cluster: 'origin' } },
            ...['/a', '/status', '/headers', '/vc', '/chunked', '/half', '/close', '/reset'].map((prefix) => ({
              name: `to${prefix.replace('/', '-')}`,
              match: { prefix },
              route: { cluster: 'origin' },
            })),
          ],
        },
      ],
      validate_clusters: false,
    },
    http_filters: [{ name: 'router', typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } }],
  };
  const chain = { name: `${name}-chain`, filters: [{ name: 'http', typed_config: manager }] };
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    ...(certificates && {
      listener_filters: [
        { name: 'tls', typed_config: { '@type': type('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector') } },
      ],
    }),
    filter_chains: [certificates === null ? chain : { ...chain, transport_socket: serverTls(certificates) }],
  };
}

function serverTls({ key, chain, root }: LogCertificates): object {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': type('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
      require_client_certificate: true,
      common_tls_context: {
        tls_certificates: [{ certificate_chain: inline(chain), private_key: inline(key) }],
        validation_context: { trusted_ca: inline(root) },
      },
    },
  };
}

/** Denies everybody. */
const denial = {
  name: 'rbac',
  typed_config: { '@type': type('envoy.extensions.filters.network.rbac.v3.RBAC'), stat_prefix: 'denied', rules: { action: 'ALLOW' } },
};

function tcpListener(name: string, port: number, to: string, ports: LogPorts, before: readonly object[] = []): object {
  const proxy = {
    '@type': type('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'),
    stat_prefix: name,
    cluster: to,
    access_log: [...loggers(ports, name).slice(0, 2), ...(name === 'tcp' ? services('tcp') : [])],
  };
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ name: `${name}-chain`, filters: [...before, { name: 'tcp', typed_config: proxy }] }],
  };
}
