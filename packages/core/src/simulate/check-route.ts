import { decideRequest } from '../engine/decide-request.ts';
import type { ForwardDecision, LocalReplyDecision } from '../engine/decision.ts';
import { requestResolver } from '../engine/format-value.ts';
import { applyHeaderMutations } from '../engine/mutate-headers.ts';
import { buildHttpConnection } from '../plan/build-http-connection.ts';
import { buildListener } from '../plan/build-listener.ts';
import { buildHeaderMatcher, headerHolds } from '../plan/build-matcher.ts';
import { buildPlan } from '../plan/build-plan.ts';
import { buildRouteTable } from '../plan/build-route-table.ts';
import type { FilterChainPlan } from '../plan/filter-chain-plan.ts';
import type { RouteTable, WeightedClusterPlan } from '../plan/route-plan.ts';
import { completeCall } from './call.ts';
import { CallRequest, connectionFacts, terminatedFacts } from './call-facts.ts';
import { headerSink } from './header-sink.ts';

/** One test of Envoy's router check tool, in its snake-case or camel-case spelling. */
export interface RouteTest {
  readonly name: string;
  readonly input: RouteTestInput;
  readonly validate: Readonly<Record<string, unknown>>;
}

/** The request of a test. */
export interface RouteTestInput {
  readonly authority: string;
  readonly path: string;
  readonly method: string;
  readonly ssl: boolean;
  readonly internal: boolean;
  readonly randomValue: number;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
}

/** The outcome of a test. */
export interface RouteTestResult {
  readonly name: string;
  readonly pass: boolean;
  /** `cluster_name: want x, got y`. */
  readonly failures: readonly string[];
}

/** Reads the tests of a router check file. */
export function parseRouteTests(json: unknown): readonly RouteTest[] {
  const tests = isRecord(json) && Array.isArray(json.tests) ? json.tests : [];
  return tests.filter(isRecord).map((test) => ({
    name: String(field(test, 'test_name') ?? ''),
    input: parseInput(isRecord(test.input) ? test.input : {}),
    validate: isRecord(test.validate) ? test.validate : {},
  }));
}

/** Runs one test against a route configuration. */
export function checkRoute(routes: Parameters<typeof buildRouteTable>[0], test: RouteTest): RouteTestResult {
  const actual = observe(buildRouteTable(routes), test.input);
  const failures = Object.entries(test.validate).flatMap(([key, wanted]) => judge(snakeCase(key), wanted, actual));
  return { name: test.name, pass: failures.length === 0, failures };
}

interface Observed {
  readonly texts: Readonly<Record<string, string>>;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
}

function observe(table: RouteTable, input: RouteTestInput): Observed {
  const chain = chainOf(table);
  const call = completeCall({ ...input, host: input.authority, headers: input.requestHeaders, tls: input.ssl ? 'tls' : 'plaintext' });
  const connection = connectionFacts(call, buildListener({}));
  const http = chain.http ?? buildHttpConnection({});
  const request = new CallRequest(call, input.ssl ? terminatedFacts(connection, call) : connection, http, call.path, input.internal);
  const decision = decideRequest(buildPlan(noSnapshot, null), chain, request, null, null, input.randomValue % 1_000_000);
  if (decision.kind === 'pending') return { texts: {}, requestHeaders: {}, responseHeaders: {} };
  const cluster =
    decision.kind === 'forward' ? drawn(decision.action.clusters, input.randomValue % (decision.action.totalWeight || 1)) : null;
  return {
    texts: textsOf(decision, cluster, request),
    requestHeaders:
      decision.kind === 'forward' ? mutated(decision.requestHeaders, cluster?.requestHeaders, request, { ...request.headers() }) : {},
    responseHeaders: mutated(decision.responseHeaders, cluster?.responseHeaders, request, { ...input.responseHeaders }),
  };
}

const noSnapshot = { clusters: [], endpoints: [], listeners: [], routes: [], secrets: [] };

/** A connection manager with nothing but routes. */
function chainOf(table: RouteTable): FilterChainPlan {
  const listener = buildListener({
    filterChains: [{ filters: [{ name: 'http', typedConfig: { '@type': httpConnectionManager, routeConfig: table.source } as never }] }],
  });
  const [chain] = listener.filterChains;
  if (!chain) throw new Error('a listener with one chain has one chain');
  return chain;
}

const httpConnectionManager = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

function textsOf(
  decision: ForwardDecision | LocalReplyDecision,
  cluster: WeightedClusterPlan | null,
  request: CallRequest,
): Record<string, string> {
  const location = decision.kind === 'localReply' ? (decision.headers.find(([name]) => name === 'location')?.[1] ?? '') : '';
  const virtualCluster = decision.virtualHost?.virtualClusters.find(({ headers }) =>
    headers.every((header) => headerHolds(header, request)),
  );
  const isForward = decision.kind === 'forward';
  return {
    cluster_name: (cluster?.clusterHeader ? request.header(cluster.clusterHeader) : cluster?.name) ?? '',
    virtual_cluster_name: isForward ? (virtualCluster?.name ?? 'other') : '',
    virtual_host_name: decision.virtualHost?.name ?? '',
    host_rewrite: isForward ? (cluster?.hostRewrite ?? decision.authority ?? request.authority) : '',
    path_rewrite: isForward ? decision.path : '',
    path_redirect: location,
    code_redirect: location === '' || decision.kind === 'forward' ? '' : String(decision.status),
  };
}

function drawn(clusters: readonly WeightedClusterPlan[], value: number): WeightedClusterPlan | null {
  let at = value;
  for (const cluster of clusters) {
    at -= cluster.weight;
    if (at < 0) return cluster;
  }
  return clusters[0] ?? null;
}

function mutated(
  levels: ForwardDecision['requestHeaders'],
  own: ForwardDecision['requestHeaders'][number] | null | undefined,
  request: CallRequest,
  headers: Record<string, string>,
): Record<string, string> {
  applyHeaderMutations(own ? [own, ...levels] : levels, requestResolver(request), headerSink(headers));
  return headers;
}

function judge(key: string, wanted: unknown, actual: Observed): string[] {
  switch (key) {
    case 'request_header_matches':
      return headerFailures(key, wanted, actual.requestHeaders);
    case 'response_header_matches':
      return headerFailures(key, wanted, actual.responseHeaders);
    case 'request_header_fields':
    case 'custom_header_fields':
      return fieldFailures(key, wanted, actual.requestHeaders);
    case 'response_header_fields':
      return fieldFailures(key, wanted, actual.responseHeaders);
    default: {
      const got = actual.texts[key];
      if (got === undefined) return [`${key}: not a check this tool knows`];
      return got === String(wanted) ? [] : [`${key}: want ${String(wanted)}, got ${got}`];
    }
  }
}

function headerFailures(key: string, wanted: unknown, headers: Readonly<Record<string, string>>): string[] {
  return (Array.isArray(wanted) ? wanted : []).flatMap((json: unknown) => {
    const matcher = buildHeaderMatcher(camelKeys(json) as Parameters<typeof buildHeaderMatcher>[0]);
    const value = headers[matcher.name];
    return matcher.matches(value) ? [] : [`${key}: ${matcher.describe}, got ${value ?? 'none'}`];
  });
}

function fieldFailures(key: string, wanted: unknown, headers: Readonly<Record<string, string>>): string[] {
  return (Array.isArray(wanted) ? wanted : []).filter(isRecord).flatMap((pair) => {
    const name = String(pair.key ?? '').toLowerCase();
    const got = headers[name] ?? '';
    return got === String(pair.value ?? '') ? [] : [`${key}: ${name}: want ${String(pair.value ?? '')}, got ${got}`];
  });
}

function parseInput(input: Readonly<Record<string, unknown>>): RouteTestInput {
  return {
    authority: String(field(input, 'authority') ?? ''),
    path: String(field(input, 'path') ?? '/'),
    method: String(field(input, 'method') ?? 'GET'),
    ssl: field(input, 'ssl') === true,
    internal: field(input, 'internal') === true,
    randomValue: Number(field(input, 'random_value') ?? 0),
    requestHeaders: headerMap(field(input, 'additional_request_headers')),
    responseHeaders: headerMap(field(input, 'additional_response_headers')),
  };
}

function headerMap(list: unknown): Record<string, string> {
  const pairs = Array.isArray(list) ? list.filter(isRecord) : [];
  return Object.fromEntries(pairs.map(({ key, value }) => [String(key ?? '').toLowerCase(), String(value ?? '')]));
}

function field(record: Readonly<Record<string, unknown>>, snake: string): unknown {
  return record[snake] ?? record[snake.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())];
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelKeys);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()), camelKeys(inner)]),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
