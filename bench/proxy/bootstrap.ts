import { join } from 'node:path';
import type { Hop } from './hop.ts';
import { accessLog, httpFilters, sidecarRoutes } from './sidecar-work.ts';

/** Who reads the bootstrap: the same for both, but for Istio's metrics, which a plain Envoy has not (it has its own). */
export type BootstrapReader = 'weft' | 'envoy';

/** The Envoy bootstrap of a hop. */
export function bootstrap(hop: Hop, reader: BootstrapReader): object {
  const clusters = [cluster(hop, 'origin'), ...Array.from({ length: hop.extraRoutes }, (_, index) => cluster(hop, `extra-${index}`))];
  return {
    node: {
      id: `sidecar~127.0.0.1~${hop.name}.bench~bench.svc.cluster.local`,
      cluster: 'bench',
      metadata: { WORKLOAD_NAME: hop.name, NAMESPACE: 'bench', CLUSTER_ID: 'Kubernetes' },
    },
    static_resources: { listeners: [listener(hop, reader)], clusters },
  };
}

function listener(hop: Hop, reader: BootstrapReader): object {
  return {
    name: hop.name,
    traffic_direction: hop.direction,
    address: { socket_address: { address: '127.0.0.1', port_value: hop.listenPort } },
    filter_chains: [
      {
        filters: [hop.protocol === 'tcp' ? tcpProxy() : connectionManager(hop, reader)],
        ...(hop.acceptsTls && { transport_socket: transportSocket(hop, 'Downstream') }),
      },
    ],
  };
}

function tcpProxy(): object {
  const type = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
  return { name: 'envoy.filters.network.tcp_proxy', typed_config: { '@type': type, stat_prefix: 'tcp', cluster: 'origin' } };
}

function connectionManager(hop: Hop, reader: BootstrapReader): object {
  const isSidecar = hop.work === 'sidecar';
  const extra = Array.from({ length: hop.extraRoutes }, (_, index) => ({
    name: `extra-${index}`,
    match: { prefix: `/extra/${index}/` },
    route: { cluster: `extra-${index}` },
  }));
  const everything = { name: 'default', match: { prefix: '/' }, route: { cluster: 'origin' } };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      stat_prefix: hop.direction.toLowerCase(),
      ...(isSidecar && { access_log: [accessLog(join(hop.directory, `${hop.name}-${reader}.log`))] }),
      route_config: {
        name: 'routes',
        virtual_hosts: [{ name: 'all', domains: ['*'], routes: [...extra, ...(isSidecar ? sidecarRoutes() : []), everything] }],
      },
      http_filters: httpFilters(isSidecar, isSidecar && reader === 'weft'),
    },
  };
}

function cluster(hop: Hop, name: string): object {
  const endpoint = { address: { socket_address: { address: '127.0.0.1', port_value: hop.upstreamPort } } };
  return {
    name,
    connect_timeout: '1s',
    // What Istio sets, so that neither side turns requests away.
    circuit_breakers: { thresholds: [{ max_connections: 10000, max_pending_requests: 10000, max_requests: 10000, max_retries: 10000 }] },
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    ...(hop.protocol === 'http2' && {
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
    }),
    ...(hop.sendsTls && { transport_socket: transportSocket(hop, 'Upstream') }),
  };
}

/** Istio's settings for mutual TLS: `istio` among the protocols offered is what tells two Weft sidecars of each other. */
function transportSocket(hop: Hop, side: 'Downstream' | 'Upstream'): object {
  const http = hop.protocol === 'http2' ? 'h2' : 'http/1.1';
  const protocols = { Downstream: hop.protocol === 'tcp' ? [] : [http], Upstream: hop.protocol === 'tcp' ? ['istio'] : ['istio', http] };
  const isMutual = side === 'Upstream' || hop.requiresClientCertificate;
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.${side}TlsContext`,
      ...(side === 'Downstream' && { require_client_certificate: hop.requiresClientCertificate }),
      common_tls_context: {
        alpn_protocols: protocols[side],
        tls_certificates: [{ certificate_chain: { inline_string: hop.tls.certificate }, private_key: { inline_string: hop.tls.key } }],
        ...(isMutual && { validation_context: { trusted_ca: { inline_string: hop.tls.ca } } }),
      },
    },
  };
}
