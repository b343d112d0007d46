import { headerHolds } from '../plan/build-matcher.ts';
import type { RequestFacts } from '../plan/facts.ts';
import { networkText } from '../plan/ip-address.ts';
import type { RateLimitActionPlan, RateLimitActionsPlan } from '../plan/rate-limit-plan.ts';
import type { DynamicMetadata } from '../plan/rbac-plan.ts';
import type { RoutePlan, VirtualHostPlan } from '../plan/route-plan.ts';
import type { Descriptor } from './decision.ts';
import { decodedQueryParameter } from './match-route.ts';

/** Entries of this key have no value yet: only the proxy knows what cluster it belongs to. */
export const sourceClusterKey = 'source_cluster';

/** What descriptors are made from. */
export interface DescriptorSource {
  readonly facts: RequestFacts;
  readonly metadata: DynamicMetadata | null;
  readonly route: RoutePlan;
  readonly virtualHost: VirtualHostPlan;
}

/** The descriptors of a route's and its virtual host's rate limits for one stage; a limit with a missing part gives none. */
export function descriptorsOf(source: DescriptorSource, stage: number, virtualHostLimits: 'OVERRIDE' | 'INCLUDE' | 'IGNORE'): Descriptor[] {
  const { route, virtualHost } = source;
  const action = route.action.kind === 'forward' ? route.action : null;
  const own = action?.rateLimits ?? [];
  const includesHost =
    virtualHostLimits === 'INCLUDE' ||
    (virtualHostLimits === 'OVERRIDE' && (own.length === 0 || (action?.includeVirtualHostRateLimits ?? false)));
  const limits: readonly RateLimitActionsPlan[] = includesHost ? [...own, ...virtualHost.rateLimits] : own;
  return descriptorsFrom(
    limits.filter((limit) => limit.stage === stage),
    source,
  );
}

/** The descriptors of given limits, whatever their stage. */
export function descriptorsFrom(limits: readonly RateLimitActionsPlan[], source: DescriptorSource): Descriptor[] {
  return limits.flatMap((limit) => descriptorOf(limit.actions, source) ?? []);
}

function descriptorOf(actions: readonly RateLimitActionPlan[], source: DescriptorSource): Descriptor[] | null {
  const entries: (readonly [string, string])[] = [];
  for (const action of actions) {
    const entry = entryOf(action, source);
    if (entry === 'missing') return null;
    if (entry !== 'skip') entries.push(entry);
  }
  return entries.length > 0 ? [entries] : null;
}

type Entry = readonly [string, string] | 'missing' | 'skip';

function entryOf(action: RateLimitActionPlan, source: DescriptorSource): Entry {
  const { facts, route } = source;
  switch (action.kind) {
    case 'remoteAddress':
      return ['remote_address', facts.remote.text];
    case 'maskedRemoteAddress': {
      const { remote } = facts;
      const length = remote.family === 4 ? action.v4PrefixLength : action.v6PrefixLength;
      return ['masked_remote_address', networkText(remote, length)];
    }
    case 'destinationCluster':
      return route.action.kind === 'forward' ? ['destination_cluster', route.action.clusters[0]?.name ?? ''] : 'missing';
    case 'requestHeader':
      return present(action.key, facts.header(action.header), action.skipIfAbsent);
    case 'queryParameter':
      return present(action.key, decodedQueryParameter(facts.path, action.parameter), action.skipIfAbsent);
    case 'genericKey':
      return [action.key, action.value];
    case 'headerValueMatch': {
      const matches = action.headers.every((header) => headerHolds(header, facts));
      return matches === action.expectMatch ? [action.key, action.value] : 'missing';
    }
    case 'queryParameterValueMatch': {
      const matches = action.parameters.every((parameter) => parameter.matches(decodedQueryParameter(facts.path, parameter.name)));
      return matches === action.expectMatch ? [action.key, action.value] : 'missing';
    }
    case 'metadata':
      return metadataEntry(action, source);
    case 'sourceCluster':
      return [sourceClusterKey, ''];
    case 'unsupported':
      return 'missing';
  }
}

function metadataEntry(action: Extract<RateLimitActionPlan, { kind: 'metadata' }>, source: DescriptorSource): Entry {
  const root: DynamicMetadata | null = action.source === 'DYNAMIC' ? source.metadata : source.route.metadata;
  let value: unknown = root?.[action.filter];
  for (const key of action.path) value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  const text = typeof value === 'string' && value !== '' ? value : action.defaultValue;
  return text === '' ? (action.skipIfAbsent ? 'skip' : 'missing') : [action.key, text];
}

function present(key: string, value: string | undefined, skipIfAbsent: boolean): Entry {
  if (value === undefined) return skipIfAbsent ? 'skip' : 'missing';
  return [key, value];
}
