/** Ports that a tracing bootstrap names. */
export interface TracingPorts {
  readonly admin: number;
  readonly origin: number;
  /** Nothing listens here. */
  readonly dead: number;
  readonly collectorGrpc: number;
  readonly collectorHttp: number;
  /** Listener port by setup name. */
  readonly listeners: Readonly<Record<string, number>>;
}

const type = (name: string) => `type.googleapis.com/${name}`;
const percent = (value: number) => ({ value });

const otlp = {
  name: 'envoy.tracers.opentelemetry',
  typed_config: {
    '@type': type('envoy.config.trace.v3.OpenTelemetryConfig'),
    grpc_service: { envoy_grpc: { cluster_name: 'collector' }, timeout: '1s' },
    service_name: 'shop',
  },
};
const otlpHttp = {
  name: 'envoy.tracers.opentelemetry',
  typed_config: {
    '@type': type('envoy.config.trace.v3.OpenTelemetryConfig'),
    http_service: { http_uri: { uri: 'http://collector.test/v1/traces', cluster: 'collector-http', timeout: '1s' } },
  },
};
const zipkin = (options: object = {}) => ({
  name: 'envoy.tracers.zipkin',
  typed_config: {
    '@type': type('envoy.config.trace.v3.ZipkinConfig'),
    collector_cluster: 'collector-http',
    collector_endpoint: '/api/v2/spans',
    collector_endpoint_version: 'HTTP_JSON',
    ...options,
  },
});

interface TracingSetup {
  readonly direction?: 'INBOUND' | 'OUTBOUND';
  readonly tracing: object;
  readonly manager?: object;
}

const customTags = [
  { tag: 'fixed', literal: { value: 'yes' } },
  { tag: 'variable', environment: { name: 'WEFT_TRACING_TEST', default_value: 'none' } },
  { tag: 'header', request_header: { name: 'x-custom', default_value: 'absent' } },
  { tag: 'no-default', request_header: { name: 'x-missing' } },
  { tag: 'route', metadata: { kind: { route: {} }, metadata_key: { key: 'shop', path: [{ key: 'tier' }] } } },
  { tag: 'host', metadata: { kind: { cluster: {} }, metadata_key: { key: 'shop', path: [{ key: 'name' }] }, default_value: 'unnamed' } },
  { tag: 'formatted', value: '%REQ(:METHOD)%-%RESPONSE_CODE%' },
];

/** Listeners with each kind of tracing. */
export const tracingSetups: Readonly<Record<string, TracingSetup>> = {
  server: { tracing: { provider: otlp } },
  inbound: { direction: 'INBOUND', tracing: { provider: otlp } },
  outbound: { direction: 'OUTBOUND', tracing: { provider: otlp, custom_tags: customTags, max_path_tag_length: 20 } },
  http: { tracing: { provider: otlpHttp } },
  verbose: { tracing: { provider: otlp, verbose: true } },
  upstreamSpan: { direction: 'OUTBOUND', tracing: { provider: otlp, spawn_upstream_span: true } },
  silent: { tracing: { provider: otlp, no_context_propagation: true } },
  unsampled: { tracing: { provider: otlp, random_sampling: percent(0) } },
  off: { tracing: { provider: otlp, overall_sampling: percent(0) } },
  edge: { tracing: { provider: otlp, random_sampling: percent(0) }, manager: { use_remote_address: true } },
  ownSampling: {
    tracing: { provider: otlp },
    manager: {
      request_id_extension: {
        typed_config: {
          '@type': type('envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig'),
          use_request_id_for_trace_sampling: false,
          pack_trace_reason: false,
        },
      },
    },
  },
  zipkin: { tracing: { provider: zipkin({ trace_id_128bit: true, shared_span_context: false }) } },
  zipkinShared: { tracing: { provider: zipkin() } },
  zipkinOutbound: { direction: 'OUTBOUND', tracing: { provider: zipkin({ shared_span_context: false }) } },
  zipkinW3c: {
    tracing: {
      provider: zipkin({ trace_id_128bit: true, shared_span_context: false, trace_context_option: 'USE_B3_WITH_W3C_PROPAGATION' }),
    },
  },
};

/** One proxy with all of them. */
export function tracingBootstrap(ports: TracingPorts): object {
  return {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: ports.admin } } },
    node: { id: 'tracing-node', cluster: 'tracing-cluster', locality: { zone: 'zone-a' } },
    // As often as Envoy may: spans are waited for.
    layered_runtime: {
      layers: [
        {
          name: 'static',
          static_layer: {
            'tracing.opentelemetry.flush_interval_ms': 20,
            'tracing.opentelemetry.min_flush_spans': 1,
            'tracing.zipkin.flush_interval_ms': 20,
            'tracing.zipkin.min_flush_spans': 1,
          },
        },
      ],
    },
    static_resources: {
      listeners: Object.entries(tracingSetups).map(([name, setup]) => listener(name, setup, ports)),
      clusters: [
        cluster('origin', ports.origin, { metadata: { filter_metadata: { shop: { name: 'front' } } } }),
        cluster('dead', ports.dead),
        cluster('collector-http', ports.collectorHttp),
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
  const endpoint = { address: { socket_address: { address: '127.0.0.1', port_value: port } } };
  return {
    name,
    connect_timeout: '1s',
    type: 'STATIC',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    ...more,
  };
}

function listener(name: string, { direction, tracing, manager }: TracingSetup, ports: TracingPorts): object {
  const everything = { match: { prefix: '/' }, route: { cluster: 'origin' }, metadata: { filter_metadata: { shop: { tier: 'gold' } } } };
  const http = {
    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: name,
    ...manager,
    tracing,
    route_config: {
      name,
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            { match: { prefix: '/decorated' }, decorator: { operation: 'decorated-name' }, route: { cluster: 'origin' } },
            { match: { prefix: '/quiet' }, decorator: { operation: 'quiet-name', propagate: false }, route: { cluster: 'origin' } },
            {
              match: { prefix: '/route' },
              route: { cluster: 'origin' },
              tracing: { random_sampling: { numerator: 0 }, custom_tags: [{ tag: 'of-route', literal: { value: 'r' } }] },
            },
            {
              match: { prefix: '/tagged' },
              route: { cluster: 'origin' },
              tracing: { custom_tags: [{ tag: 'fixed', literal: { value: 'route' } }] },
            },
            { match: { prefix: '/direct' }, direct_response: { status: 404, body: { inline_string: 'no' } } },
            { match: { prefix: '/dead' }, route: { cluster: 'dead' } },
            { match: { prefix: '/rewrite' }, route: { cluster: 'origin', prefix_rewrite: '/rewritten' } },
            {
              match: { prefix: '/mirror' },
              route: { cluster: 'origin', request_mirror_policies: [{ cluster: 'origin', trace_sampled: false }] },
            },
            {
              match: { prefix: '/flaky' },
              route: { cluster: 'origin', retry_policy: { retry_on: '5xx', num_retries: 2, retry_back_off: { base_interval: '0.005s' } } },
            },
            everything,
          ],
        },
      ],
    },
    http_filters: [
      { name: 'envoy.filters.http.router', typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } },
    ],
  };
  return {
    name,
    ...(direction && { traffic_direction: direction }),
    address: { socket_address: { address: '127.0.0.1', port_value: ports.listeners[name] } },
    filter_chains: [{ filters: [{ name: 'http', typed_config: http }] }],
  };
}
