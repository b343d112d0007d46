import type { ConnectionFacts, RequestFacts } from '../plan/facts.ts';
import type { IpAddress } from '../plan/ip-address.ts';
import type { HashPolicyPlan } from '../plan/route-plan.ts';
import { cookieValue } from './jwt-tokens.ts';
import { queryParameter } from './match-route.ts';
import { xxHash64 } from './xx-hash.ts';

/** A cookie to hand to the client, so that it comes back to the same host. */
export interface HashCookie {
  readonly name: string;
  readonly value: string;
  /** null = until the browser closes. */
  readonly ttlMs: number | null;
  readonly path: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

/** The hash of a request under a route's policies; null when none of them applies. */
export interface RequestHash {
  readonly hash: bigint | null;
  readonly cookie: HashCookie | null;
}

/** Combines the hashes of all policies, oldest turned left by one, until a terminal one yielded (Envoy `HashPolicyImpl`). `newCookie` makes a value. */
export function requestHash(policies: readonly HashPolicyPlan[], facts: RequestFacts, newCookie: () => string): RequestHash {
  let hash: bigint | null = null;
  let cookie: HashCookie | null = null;
  for (const policy of policies) {
    const made = policy.kind === 'cookie' && policy.ttlMs !== null && !cookieValue(facts.header('cookie'), policy.name);
    if (policy.kind === 'cookie' && made) {
      cookie = { name: policy.name, value: newCookie(), ttlMs: policy.ttlMs || null, path: policy.path, attributes: policy.attributes };
    }
    const text = made ? (cookie?.value ?? null) : textOf(policy, facts);
    if (text !== null) {
      const turned: bigint = hash === null ? 0n : BigInt.asUintN(64, (hash << 1n) | (hash >> 63n));
      hash = turned ^ xxHash64(text);
    }
    if (policy.terminal && hash !== null) break;
  }
  return { hash, cookie };
}

/** What Envoy gives as a new cookie: 16 hex digits made of both ends of the connection. */
export function connectionHash({ source, sourcePort, destination, destinationPort }: ConnectionFacts): string {
  const end = (ip: IpAddress, port: number): string => (ip.family === 6 ? `[${ip.text}]:${port}` : `${ip.text}:${port}`);
  return xxHash64(end(source, sourcePort) + end(destination, destinationPort))
    .toString(16)
    .padStart(16, '0');
}

function textOf(policy: HashPolicyPlan, facts: RequestFacts): string | null {
  switch (policy.kind) {
    case 'header': {
      const value = facts.header(policy.name);
      if (value === undefined) return null;
      return policy.rewrite ? policy.rewrite.replace(value) : value;
    }
    case 'cookie':
      return cookieValue(facts.header('cookie'), policy.name) || null;
    case 'sourceIp':
      return facts.remote.text;
    case 'queryParameter':
      return queryParameter(facts.path, policy.name) ?? null;
    case 'filterState':
      return null;
  }
}
