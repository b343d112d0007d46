import type { AccessLogPlan } from './access-log-plan.ts';
import type { ChainMatcher } from './build-chain-matcher.ts';
import type { AddressPlan } from './cluster-plan.ts';
import type { FilterChainIndex } from './filter-chain-index.ts';
import type { FilterChainPlan } from './filter-chain-plan.ts';

/** Ports for which a listener filter is switched off. */
export interface PortRangeSet {
  readonly includes: (port: number) => boolean;
  readonly text: string;
}

/** One listener filter. */
export type ListenerFilterPlan = { readonly name: string; readonly disabledPorts: PortRangeSet | null } & (
  | { readonly kind: 'tlsInspector' | 'httpInspector' | 'originalDst' }
  | { readonly kind: 'proxyProtocol'; readonly allowRequestsWithout: boolean; readonly disallowedVersions: readonly ('V1' | 'V2')[] }
  | { readonly kind: 'unsupported'; readonly typeUrl: string }
);

/** A listener, normalised. */
export interface ListenerPlan {
  readonly name: string;
  readonly addresses: readonly AddressPlan[];
  readonly bindToPort: boolean;
  readonly useOriginalDst: boolean;
  readonly direction: 'UNSPECIFIED' | 'INBOUND' | 'OUTBOUND';
  readonly bufferLimitBytes: number;
  readonly listenerFilters: readonly ListenerFilterPlan[];
  /** 0 = wait for ever. */
  readonly listenerFiltersTimeoutMs: number;
  readonly continueOnListenerFiltersTimeout: boolean;
  readonly filterChains: readonly FilterChainPlan[];
  readonly defaultFilterChain: FilterChainPlan | null;
  /** Names the chain where the listener has a matcher for that, in place of the chains' own conditions; null without. */
  readonly chainMatcher: ChainMatcher | null;
  /** Finds the chain in Envoy's order; made once per listener. */
  readonly chainIndex: FilterChainIndex;
  readonly accessLogs: readonly AccessLogPlan[];
  readonly reusePort: boolean;
  readonly backlog: number;
  readonly tcpFastOpen: number | null;
  readonly drainType: 'DEFAULT' | 'MODIFY_ONLY';
  readonly maxConnectionsPerEvent: number | null;
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly problems: readonly string[];
  /** The object this plan was built from; unchanged object = unchanged listener. */
  readonly source: object;
}
