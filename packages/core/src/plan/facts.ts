import type { IpAddress } from './ip-address.ts';

/** The certificate a peer showed, after verification. */
export interface PeerCertificate {
  /** URI subject alternative names in order, e.g. `spiffe://cluster.local/ns/a/sa/b`. */
  readonly uriSans: readonly string[];
  readonly dnsSans: readonly string[];
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  /** Hex SHA-256 of the DER form. */
  readonly sha256: string;
  /** PEM of the certificate, and of all that the peer sent with it, its own first. */
  readonly pem: string;
  readonly chainPem: string;
  /** False when the certificate was accepted without verification. */
  readonly verified: boolean;
}

/** What is known of a connection when a filter chain is chosen, and (certificate, ALPN chosen) after its handshake. */
export interface ConnectionFacts {
  /** Where the client wanted to go: the original destination when restored, else the local address. */
  readonly destination: IpAddress;
  readonly destinationPort: number;
  /** Whether `destination` is where the client wanted to go (PROXY protocol, transparent capture), not just the address it came in on. */
  readonly isDestinationRestored: boolean;
  /** The client as PROXY protocol tells it, else the socket's peer. */
  readonly source: IpAddress;
  readonly sourcePort: number;
  /** The socket's peer, whatever PROXY protocol says. */
  readonly directSource: IpAddress;
  /** From the TLS inspector: `tls` or `raw_buffer`. */
  readonly transportProtocol: 'tls' | 'raw_buffer';
  /** ALPN names offered, or what the HTTP inspector found (`http/1.0`, `http/1.1`, `h2c`). */
  readonly applicationProtocols: readonly string[];
  /** SNI, lower-case; `''` without. */
  readonly serverName: string;
  /** Whether the connection itself is TLS terminated here. */
  readonly isTls: boolean;
  readonly tlsVersion: string;
  /** Our own certificate in use, and the client's; null when there is none. */
  readonly localCertificate: PeerCertificate | null;
  readonly peerCertificate: PeerCertificate | null;
  readonly connectionId: number;
  /** Dynamic metadata and filter state set by network filters and PROXY protocol TLVs; null when there is none. */
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
}

/**
 * What the engine reads of a request. An interface with accessors, so that a proxy can answer from its parsed head without building objects.
 * The engine reads the request *after* the connection manager's own work (path normalisation, port stripping, XFF).
 */
export interface RequestFacts {
  readonly connection: ConnectionFacts;
  readonly method: string;
  /** With query, normalised. `''` for CONNECT without a path. */
  readonly path: string;
  /** The Host or `:authority` value as it goes on, port included unless stripped. */
  readonly authority: string;
  /** `http` or `https`, from X-Forwarded-Proto where trusted. */
  readonly scheme: string;
  /** `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`. */
  readonly protocol: string;
  /** A header's value by lower-case name, several joined by `,`; undefined when absent. Pseudo-headers (`:method`, `:path`, `:authority`, `:scheme`) included. */
  header(lowerName: string): string | undefined;
  /** The values of a header that was sent several times, as they came: asked for only when the joined value holds a comma. */
  headerValues(lowerName: string): readonly string[];
  /** All headers by lower-case name, pseudo-headers included: built on demand, for CEL and debugging only. */
  headers(): Readonly<Record<string, string>>;
  /** The trusted client address (XFF with trusted hops, or the connection's source). */
  readonly remote: IpAddress;
  /** What the connection is to become: an upgrade's protocol as it was sent, or `CONNECT`; null for a request like others. */
  readonly upgrade: string | null;
  /** Whether Envoy would call the request internal. */
  readonly isInternal: boolean;
  /** Milliseconds since 1970 when the request arrived. */
  readonly startedAt: number;
  /** Declared body size; -1 when unknown. */
  readonly contentLength: number;
}
