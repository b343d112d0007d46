import type { FilterChainMatchJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { MtlsMode } from '../mesh/peer-authentication.ts';
import { isHttp } from '../mesh/port-protocol.ts';
import type { PortProtocol } from '../mesh/service.ts';

/** What a filter chain of an inbound port does with connections: as what it reads them and whether it ends mesh TLS. */
export interface InboundChain {
  readonly traffic: 'http' | 'tcp';
  readonly tls: 'mesh' | 'server' | 'none';
  readonly match: FilterChainMatchJson;
}

/** The ALPN names by which a connection from a mesh proxy is known. */
const meshHttpAlpn = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'];
const meshTcpAlpn = ['istio-peer-exchange', 'istio'];
const meshAlpn = [...meshTcpAlpn, ...meshHttpAlpn];
const plainHttpAlpn = ['http/1.0', 'http/1.1', 'h2c'];

const tls = { transportProtocol: 'tls' };
const plain = { transportProtocol: 'raw_buffer' };

/**
 * The chains of an inbound port. Under PERMISSIVE a TLS connection is the mesh's when it says so by ALPN; other TLS is passed through on TCP
 * ports and matches nothing on HTTP ports. Undeclared protocols are told apart by their first bytes.
 */
export function inboundChains(mode: MtlsMode, protocol: PortProtocol): readonly InboundChain[] {
  if (isHttp(protocol)) return httpChains[mode];
  return protocol === 'auto' ? autoChains[mode] : tcpChains[mode];
}

/** The chain of a port whose Sidecar listener ends TLS of its own. */
export function ownTlsChains(protocol: PortProtocol): readonly InboundChain[] {
  return [{ traffic: isHttp(protocol) ? 'http' : 'tcp', tls: 'server', match: tls }];
}

const httpChains: Readonly<Record<MtlsMode, readonly InboundChain[]>> = {
  STRICT: [{ traffic: 'http', tls: 'mesh', match: tls }],
  PERMISSIVE: [
    { traffic: 'http', tls: 'mesh', match: { ...tls, applicationProtocols: meshAlpn } },
    { traffic: 'http', tls: 'none', match: plain },
  ],
  DISABLE: [{ traffic: 'http', tls: 'none', match: {} }],
};

const tcpChains: Readonly<Record<MtlsMode, readonly InboundChain[]>> = {
  STRICT: [{ traffic: 'tcp', tls: 'mesh', match: tls }],
  PERMISSIVE: [
    { traffic: 'tcp', tls: 'mesh', match: { ...tls, applicationProtocols: meshAlpn } },
    { traffic: 'tcp', tls: 'none', match: plain },
    { traffic: 'tcp', tls: 'none', match: tls },
  ],
  DISABLE: [{ traffic: 'tcp', tls: 'none', match: {} }],
};

const autoChains: Readonly<Record<MtlsMode, readonly InboundChain[]>> = {
  STRICT: [
    { traffic: 'http', tls: 'mesh', match: { ...tls, applicationProtocols: meshHttpAlpn } },
    { traffic: 'tcp', tls: 'mesh', match: tls },
  ],
  PERMISSIVE: [
    { traffic: 'http', tls: 'mesh', match: { ...tls, applicationProtocols: meshHttpAlpn } },
    { traffic: 'http', tls: 'none', match: { ...plain, applicationProtocols: plainHttpAlpn } },
    { traffic: 'tcp', tls: 'mesh', match: { ...tls, applicationProtocols: meshTcpAlpn } },
    { traffic: 'tcp', tls: 'none', match: plain },
    { traffic: 'tcp', tls: 'none', match: tls },
  ],
  DISABLE: [
    { traffic: 'http', tls: 'none', match: { applicationProtocols: plainHttpAlpn } },
    { traffic: 'tcp', tls: 'none', match: {} },
  ],
};
