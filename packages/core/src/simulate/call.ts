/** A connection or request to try on one proxy, after Istio's simulation calls. */
export interface Call {
  /** Which side of the proxy takes it. `gateway` calls are matched as `outbound` ones are. */
  readonly mode: 'outbound' | 'inbound' | 'gateway';
  /** Destination address; `''` for any. */
  readonly address: string;
  readonly port: number;
  readonly protocol: 'http' | 'http2' | 'tcp';
  readonly tls: 'plaintext' | 'tls' | 'mtls';
  /** `''` for what clients of that protocol usually offer. */
  readonly alpn: string;
  /** `''`: TLS clients send the host. */
  readonly sni: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly source: CallSource;
  /** A bearer token; sent as `authorization` unless the headers have one. */
  readonly jwt: string;
  /** 0 … 1: the draw where the outcome is a matter of chance. */
  readonly random: number;
}

/** Who calls. */
export interface CallSource {
  /** Peer address of the connection. */
  readonly ip: string;
  /** The client as trusted headers tell it; `''` = the peer. */
  readonly remoteIp: string;
  /** SPIFFE identity with or without `spiffe://`; `''` for none. Counts only for mutual TLS. */
  readonly principal: string;
}

/** What a call may leave out. */
export type PartialCall = Partial<Omit<Call, 'source'>> & { readonly source?: Partial<CallSource> };

/** Fills in what a call leaves out, as Istio's simulation does. */
export function completeCall(call: PartialCall): Call {
  const tls = call.tls ?? 'plaintext';
  const protocol = call.protocol ?? 'http';
  const host = call.host ?? '';
  return {
    mode: call.mode ?? 'outbound',
    address: call.address || '1.3.3.7',
    port: call.port ?? 80,
    protocol,
    tls,
    alpn: call.alpn || defaultAlpn(protocol, tls),
    sni: call.sni || (tls === 'tls' ? host : ''),
    host,
    method: call.method || 'GET',
    path: call.path || '/',
    headers: lowerNames(call.headers ?? {}),
    source: { ip: call.source?.ip || '1.2.3.4', remoteIp: call.source?.remoteIp ?? '', principal: call.source?.principal ?? '' },
    jwt: call.jwt ?? '',
    random: call.random ?? 0,
  };
}

function defaultAlpn(protocol: Call['protocol'], tls: Call['tls']): string {
  if (tls === 'plaintext') return '';
  if (tls === 'tls') return protocol === 'http' ? 'http/1.1' : protocol === 'http2' ? 'h2' : '';
  return protocol === 'http' ? 'istio-http/1.1' : protocol === 'http2' ? 'istio-h2' : 'istio';
}

function lowerNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
