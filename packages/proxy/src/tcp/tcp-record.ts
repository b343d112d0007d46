import type { Socket } from 'node:net';
import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { FilterChainPlan, TcpProxyPlan } from '@weft/core/plan/filter-chain-plan';
import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import type { ConnectionOpening } from '../io/connection.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Host } from '../upstream/host.ts';

/** Where a connection came in. */
export interface TcpPlace {
  readonly facts: ConnectionFacts;
  readonly chain: FilterChainPlan;
  readonly tcp: TcpProxyPlan;
  readonly listener: ListenerPlan;
  /** ALPN name that was agreed on; `''` without. */
  readonly alpn: string;
}

/** The way of a connection to a host, as far as it got. */
export interface TcpUpstreamRecord {
  readonly cluster: Cluster | null;
  readonly host: Host | null;
  readonly peerUri: string;
  readonly localUri: string;
  readonly transportFailure: string;
  readonly localAddress: string;
  readonly socket: Socket | null;
  readonly opening: ConnectionOpening | null;
  /** How long the last try waited for a connection; null without a try. */
  readonly waitedMs: number | null;
  /** Hosts that were tried, in order. */
  readonly triedHosts: readonly Host[];
  /** Tries to reach a host. */
  readonly attempts: number;
}

/** A proxied connection, as metrics and logs read it. */
export interface TcpRecord {
  readonly place: TcpPlace;
  readonly startedAt: number;
  readonly startedMonotonic: number;
  readonly endedAt: number;
  readonly upstream: TcpUpstreamRecord;
  readonly flags: string;
  /** Why a connection ended that was not closed by its peers, as `response_code_details` has it. */
  readonly details: string;
  readonly terminationDetails: string;
  /** Workloads that peers told of themselves. */
  readonly downstreamPeer: object | null;
  readonly upstreamPeer: object | null;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}
