import type { ConnectionFacts, PeerCertificate, RequestFacts } from '../plan/facts.ts';
import type { HttpConnectionManagerPlan } from '../plan/http-connection-plan.ts';
import { type IpAddress, isInRange, parseIpAddress } from '../plan/ip-address.ts';
import type { ListenerPlan } from '../plan/listener-plan.ts';
import type { Call } from './call.ts';

const anyAddress: IpAddress = { text: '0.0.0.0', family: 4, words: [0] };

/** What a listener's inspectors find out about a call's connection. */
export function connectionFacts(call: Call, listener: ListenerPlan): ConnectionFacts {
  const inspects = (kind: 'tlsInspector' | 'httpInspector'): boolean =>
    listener.listenerFilters.some((filter) => filter.kind === kind && !(filter.disabledPorts?.includes(call.port) ?? false));
  const seesTls = call.tls !== 'plaintext' && inspects('tlsInspector');
  const source = parseIpAddress(call.source.ip) ?? anyAddress;
  return {
    destination: parseIpAddress(call.address) ?? anyAddress,
    destinationPort: call.port,
    isDestinationRestored: true,
    source,
    sourcePort: 40000,
    directSource: source,
    transportProtocol: seesTls ? 'tls' : 'raw_buffer',
    applicationProtocols: offeredProtocols(call, seesTls, inspects('httpInspector')),
    serverName: seesTls ? call.sni.toLowerCase() : '',
    isTls: false,
    tlsVersion: '',
    localCertificate: null,
    peerCertificate: null,
    connectionId: 1,
    metadata: null,
  };
}

/** The same connection after a TLS handshake on the proxy. */
export function terminatedFacts(facts: ConnectionFacts, call: Call): ConnectionFacts {
  const principal = call.tls === 'mtls' ? call.source.principal : '';
  return {
    ...facts,
    isTls: true,
    serverName: call.sni.toLowerCase(),
    tlsVersion: 'TLSv1.3',
    peerCertificate: call.tls === 'mtls' ? certificateOf(principal) : null,
  };
}

/** A call as a request of a connection manager: its path must be normalised already. */
export class CallRequest implements RequestFacts {
  readonly connection: ConnectionFacts;
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly scheme: string;
  readonly protocol: string;
  readonly remote: IpAddress;
  readonly isInternal: boolean;
  readonly startedAt = 0;
  readonly contentLength = 0;
  readonly upgrade = null;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(call: Call, connection: ConnectionFacts, http: HttpConnectionManagerPlan, path: string, isInternal: boolean | null = null) {
    this.connection = connection;
    this.method = call.method;
    this.path = path;
    this.authority = strippedAuthority(call, http);
    const scheme = connection.isTls ? 'https' : 'http';
    this.scheme = http.useRemoteAddress ? scheme : (call.headers['x-forwarded-proto'] ?? scheme);
    this.protocol = call.protocol === 'http2' ? 'HTTP/2' : 'HTTP/1.1';
    this.remote = parseIpAddress(call.source.remoteIp) ?? connection.source;
    this.isInternal = isInternal ?? (http.useRemoteAddress && http.internalAddressRanges.some((range) => isInRange(this.remote, range)));
    this.#headers = {
      ...call.headers,
      ...(call.jwt !== '' && call.headers.authorization === undefined ? { authorization: `Bearer ${call.jwt}` } : {}),
      ':method': this.method,
      ':path': this.path,
      ':authority': this.authority,
      ':scheme': this.scheme,
    };
  }

  header(lowerName: string): string | undefined {
    return this.#headers[lowerName === 'host' ? ':authority' : lowerName];
  }

  headerValues(lowerName: string): readonly string[] {
    const value = this.header(lowerName);
    return value === undefined ? [] : [value];
  }

  headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }
}

function strippedAuthority(call: Call, http: HttpConnectionManagerPlan): string {
  const port = /:(\d+)$/.exec(call.host);
  const strips = port !== null && (http.stripPort === 'any' || (http.stripPort === 'matching' && Number(port[1]) === call.port));
  const host = strips ? call.host.slice(0, port.index) : call.host;
  return http.stripTrailingHostDot && host.endsWith('.') ? host.slice(0, -1) : host;
}

/** The HTTP inspector reads plain text only; without the TLS inspector nobody reads the ALPN of a handshake. */
function offeredProtocols(call: Call, seesTls: boolean, inspectsHttp: boolean): readonly string[] {
  if (seesTls) return call.alpn === '' ? [] : call.alpn.split(',');
  if (call.tls !== 'plaintext' || !inspectsHttp) return [];
  if (call.protocol === 'tcp') return [];
  return [call.protocol === 'http2' ? 'h2c' : 'http/1.1'];
}

function certificateOf(principal: string): PeerCertificate {
  const uri = principal === '' || principal.startsWith('spiffe://') ? principal : `spiffe://${principal}`;
  return {
    uriSans: uri === '' ? [] : [uri],
    dnsSans: [],
    subject: '',
    issuer: '',
    serial: '',
    sha256: '',
    pem: '',
    chainPem: '',
    verified: true,
  };
}
