import type { PairForTest } from '../src/identity/certificates-for-test.ts';
import type { Bootstrap } from '../src/xds/bootstrap.ts';

const type = (name: string): string => `type.googleapis.com/envoy.extensions.${name}`;
const address = (portValue: number): object => ({ socketAddress: { address: '127.0.0.1', portValue } });

/** Where the abused proxy listens, and what stands behind it. */
export interface AbusedPlace {
  /** 0 for any. */
  readonly port: number;
  readonly tlsPort: number;
  readonly origin: number;
  readonly pair: PairForTest;
  /** Seconds that anything may take that a client can draw out. */
  readonly patienceSeconds: number;
}

/** A gateway with every limit set that Envoy advises at the edge (`docs/root/configuration/best_practices/edge`), for a listener `in` and one with TLS. */
export function abusedBootstrap({ port, tlsPort, origin, pair, patienceSeconds }: AbusedPlace): Bootstrap {
  const patience = `${patienceSeconds}s`;
  const manager = {
    '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    statPrefix: 'in',
    requestHeadersTimeout: patience,
    requestTimeout: `${2 * patienceSeconds}s`,
    streamIdleTimeout: patience,
    drainTimeout: '0.1s',
    commonHttpProtocolOptions: { idleTimeout: `${2 * patienceSeconds}s` },
    http2ProtocolOptions: { maxConcurrentStreams: 100, initialStreamWindowSize: 65_536, initialConnectionWindowSize: 1_048_576 },
    routeConfig: {
      virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'origin', timeout: '0s' } }] }],
    },
    httpFilters: [{ name: 'router', typedConfig: { '@type': type('filters.http.router.v3.Router') } }],
  };
  const inline = (text: string): object => ({ inlineString: text });
  const tls = {
    '@type': type('transport_sockets.tls.v3.DownstreamTlsContext'),
    commonTlsContext: { tlsCertificates: [{ certificateChain: inline(pair.cert), privateKey: inline(pair.key) }] },
  };
  const chain = { filters: [{ name: 'http', typedConfig: manager }], transportSocketConnectTimeout: patience };
  const listener = (name: string, at: number, filterChain: object): object => ({
    name,
    address: address(at),
    perConnectionBufferLimitBytes: 32_768,
    filterChains: [filterChain],
  });
  const many = 1_000_000;
  return {
    node: { id: 'abused' },
    staticResources: {
      listeners: [listener('in', port, chain), listener('tls', tlsPort, { ...chain, transportSocket: { name: 'tls', typedConfig: tls } })],
      clusters: [
        {
          name: 'origin',
          connectTimeout: '5s',
          perConnectionBufferLimitBytes: 32_768,
          circuitBreakers: { thresholds: [{ maxConnections: many, maxPendingRequests: many, maxRequests: many }] },
          loadAssignment: { clusterName: 'origin', endpoints: [{ lbEndpoints: [{ endpoint: { address: address(origin) } }] }] },
        },
      ],
    },
  } as unknown as Bootstrap;
}
