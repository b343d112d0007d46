import type { TLSSocket } from 'node:tls';
import type { ConnectionFacts } from '@weft/core/plan/facts';

const sockets = new WeakMap<ConnectionFacts, TLSSocket>();

/** Remembers the TLS connection behind facts, for logs that want more of it than decisions do. */
export function rememberDownstreamTls(facts: ConnectionFacts, socket: TLSSocket): void {
  sockets.set(facts, socket);
}

/** The client's TLS connection; null for plain text. */
export function downstreamTls(facts: ConnectionFacts): TLSSocket | null {
  return sockets.get(facts) ?? null;
}
