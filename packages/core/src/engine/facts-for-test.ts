import type { ConnectionFacts, PeerCertificate, RequestFacts } from '../plan/facts.ts';
import { type IpAddress, parseIpAddress } from '../plan/ip-address.ts';

/** An address for a test; throws on a mistyped one. */
export function ip(text: string): IpAddress {
  const parsed = parseIpAddress(text);
  if (!parsed) throw new Error(`not an address: ${text}`);
  return parsed;
}

/** A connection for a test: plain text from 10.0.0.1 to 10.0.0.2:80 unless told otherwise. */
export function connectionOf(overrides: Partial<ConnectionFacts> = {}): ConnectionFacts {
  const source = overrides.source ?? ip('10.0.0.1');
  return {
    destination: ip('10.0.0.2'),
    destinationPort: 80,
    isDestinationRestored: false,
    source,
    sourcePort: 40000,
    directSource: source,
    transportProtocol: 'raw_buffer',
    applicationProtocols: [],
    serverName: '',
    isTls: false,
    tlsVersion: '',
    localCertificate: null,
    peerCertificate: null,
    connectionId: 1,
    metadata: null,
    ...overrides,
  };
}

/** The certificate of a mesh identity. */
export function certificateOf(...uriSans: string[]): PeerCertificate {
  return { uriSans, dnsSans: [], subject: '', issuer: '', serial: '', sha256: '', pem: '', chainPem: '', verified: true };
}

/** What a test says about a request. */
export interface RequestSpec {
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly scheme?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers sent several times. */
  readonly repeated?: Readonly<Record<string, readonly string[]>>;
  readonly connection?: ConnectionFacts;
  readonly remote?: IpAddress;
  readonly isInternal?: boolean;
  readonly upgrade?: string;
}

/** A request for a test: GET / of example.com unless told otherwise. */
export function requestOf(spec: RequestSpec = {}): RequestFacts {
  const { method = 'GET', path = '/', authority = 'example.com', scheme = 'http', connection = connectionOf(), repeated = {} } = spec;
  const headers: Record<string, string> = { ':method': method, ':path': path, ':authority': authority, ':scheme': scheme, ...spec.headers };
  return {
    connection,
    method,
    path,
    authority,
    scheme,
    protocol: 'HTTP/1.1',
    remote: spec.remote ?? connection.source,
    isInternal: spec.isInternal ?? false,
    startedAt: 0,
    contentLength: 0,
    upgrade: spec.upgrade ?? null,
    header: (name) => (repeated[name] ? repeated[name].join(',') : headers[name]),
    headerValues: (name) => repeated[name] ?? (headers[name] === undefined ? [] : [headers[name]]),
    headers: () => headers,
  };
}
