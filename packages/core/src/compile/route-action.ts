import type {
  RouteAction_HashPolicyJson,
  RouteAction_RequestMirrorPolicyJson,
  RouteActionJson,
  RouteMatchJson,
  WeightedCluster_ClusterWeightJson,
} from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import { formatDuration, parseDurationMs } from '../base/durations.ts';
import type { ProxyNode } from '../mesh/proxy-node.ts';
import type { ServiceView } from '../mesh/proxy-view.ts';
import type { HttpRouteSpec } from '../mesh/virtual-service.ts';
import { outboundClusterName } from '../snapshot/names.ts';
import { hashPolicyOf } from './hash-policy.ts';
import { type HeaderOperations, headerFields, headerOperations } from './header-operations.ts';
import { prefixReplacement } from './prefix-replacement.ts';
import { type RetrySpec, retryPolicy } from './retry-policy.ts';
import { fractionOfHundred, fractionOfMillion } from './route-filters.ts';

type RouteDestination = NonNullable<HttpRouteSpec['route']>[number];
export type DestinationSpec = NonNullable<RouteDestination['destination']>;

/** What routes are translated for: one listener port of one proxy. */
export interface RouteContext {
  readonly node: ProxyNode;
  /** Port of the service or gateway server, which `match.port` names. 0 for listeners that serve all ports. */
  readonly port: number;
  readonly isTls: boolean;
  /** `mesh` for sidecars, else the gateways (`namespace/name`) that the routes are for. */
  readonly gateways: ReadonlySet<string>;
  /** Services that a destination without a port takes its port from; on a sidecar those with the listener's port. */
  readonly serviceByHostname: ReadonlyMap<string, ServiceView>;
  /** All services of the proxy, for the policies of destinations, where that is more than `serviceByHostname`. */
  readonly policyByHostname?: ReadonlyMap<string, ServiceView>;
  readonly defaultRetryPolicy: RetrySpec | null;
  /** Whether upstreams are told the host that a request had before it was rewritten. */
  readonly tellsForwardedHost?: boolean;
}

/** A forwarding action, and the header changes that its one destination adds to the route's own. */
export interface ForwardAction {
  readonly action: RouteActionJson;
  readonly operations: readonly HeaderOperations[];
}

interface Translated {
  readonly match: RouteMatchJson;
  readonly operations: HeaderOperations;
  readonly semantics: 'istio' | 'gateway-api';
}

/** Where a route sends requests, and how: destinations, rewrites, timeout, retries, mirrors, hashing. */
export function routeAction(spec: HttpRouteSpec, translated: Translated, context: RouteContext): ForwardAction {
  const destinations = spec.route ?? [];
  const [only] = destinations;
  const isSingle = destinations.length === 1 && only !== undefined;
  const weighted = isSingle ? [] : destinations.filter((entry) => (entry.weight ?? 0) > 0);
  const ownOperations = isSingle && only.headers ? [headerOperations(only.headers)] : [];
  const hashPolicies = (isSingle ? [only] : weighted)
    .map((entry) => hashPolicyOf(entry.destination, context.policyByHostname ?? context.serviceByHostname))
    .filter((policy) => policy !== null);
  const authority = spec.rewrite?.authority || translated.operations.authority || ownOperations[0]?.authority || '';
  const retries = retryPolicy(spec.retries ?? context.defaultRetryPolicy, isSingle && hashPolicies.length > 0);
  const mirrors = mirrorPolicies(spec, context);
  const action: RouteActionJson = {
    ...(isSingle
      ? { cluster: destinationCluster(only.destination, context) }
      : { weightedClusters: { clusters: weighted.map((entry) => clusterWeight(entry, context)) } }),
    ...(translated.semantics === 'gateway-api' ? { clusterNotFoundResponseCode: 'INTERNAL_SERVER_ERROR' as const } : {}),
    ...rewriteFields(spec, translated),
    ...(authority ? { hostRewriteLiteral: authority } : {}),
    ...(context.tellsForwardedHost ? { appendXForwardedHost: true } : {}),
    ...timeoutFields(spec.timeout, context.node),
    ...(retries ? { retryPolicy: retries } : {}),
    ...(mirrors.length > 0 ? { requestMirrorPolicies: mirrors } : {}),
    ...(hashPolicies.length > 0 ? { hashPolicy: hashPolicies satisfies RouteAction_HashPolicyJson[] } : {}),
  };
  return { action, operations: ownOperations };
}

/**
 * The cluster of a destination: its own port, else the service's only one, else the listener's. The name of an ExternalName service stands for the name it
 * points to.
 */
export function destinationCluster(
  destination: DestinationSpec | undefined,
  context: Pick<RouteContext, 'port' | 'serviceByHostname'>,
): string {
  if (!destination?.host) return 'UnknownService';
  const service = context.serviceByHostname.get(destination.host)?.service;
  const [onlyPort, ...others] = service?.ports ?? [];
  const port = destination.port?.number || (onlyPort && others.length === 0 ? onlyPort.number : context.port);
  return outboundClusterName(service?.externalName ?? destination.host, port, destination.subset ?? '');
}

/**
 * The timeout of a route; without one it is switched off, for streams of gRPC too. Envoy ignores `timeout` as soon as `max_stream_duration`
 * is there at all, so the two never stand together with a timeout to enforce.
 */
export function timeoutFields(
  timeout: string | undefined,
  node: Pick<ProxyNode, 'generator'>,
): Pick<RouteActionJson, 'timeout' | 'maxStreamDuration'> {
  const ms = (timeout ? parseDurationMs(timeout) : null) ?? 0;
  const text = formatDuration(ms);
  if (node.generator === 'grpc') return { maxStreamDuration: { maxStreamDuration: text } };
  return ms > 0 ? { timeout: text } : { timeout: text, maxStreamDuration: { maxStreamDuration: text, grpcTimeoutHeaderMax: text } };
}

function clusterWeight(entry: RouteDestination, context: RouteContext): WeightedCluster_ClusterWeightJson {
  const operations = entry.headers ? headerOperations(entry.headers) : null;
  return {
    name: destinationCluster(entry.destination, context),
    weight: entry.weight ?? 0,
    ...(operations ? headerFields(operations) : {}),
    ...(operations?.authority ? { hostRewriteLiteral: operations.authority } : {}),
  };
}

function rewriteFields(spec: HttpRouteSpec, { match, semantics }: Translated): Pick<RouteActionJson, 'prefixRewrite' | 'regexRewrite'> {
  const { uri, uriRegexRewrite } = spec.rewrite ?? {};
  if (uriRegexRewrite?.match) {
    return {
      regexRewrite: {
        pattern: { regex: uriRegexRewrite.match },
        ...(uriRegexRewrite.rewrite ? { substitution: uriRegexRewrite.rewrite } : {}),
      },
    };
  }
  if (!uri) return {};
  return semantics === 'gateway-api' ? prefixReplacement(match, uri) : { prefixRewrite: uri };
}

function mirrorPolicies(spec: HttpRouteSpec, context: RouteContext): RouteAction_RequestMirrorPolicyJson[] {
  const policies: RouteAction_RequestMirrorPolicyJson[] = [];
  const add = (destination: DestinationSpec, percentage: { readonly value?: number } | undefined, whole: number | null | undefined) => {
    const fraction = percentage ? fractionOfMillion(percentage.value ?? 0) : fractionOfHundred(whole ?? 100);
    if (!fraction.numerator) return;
    policies.push({ cluster: destinationCluster(destination, context), runtimeFraction: { defaultValue: fraction }, traceSampled: false });
  };
  if (spec.mirror)
    add(spec.mirror, spec.mirrorPercentage, spec.mirrorPercent ?? (spec as { readonly mirror_percent?: number }).mirror_percent);
  for (const mirror of spec.mirrors ?? []) if (mirror.destination) add(mirror.destination, mirror.percentage, null);
  return policies;
}
