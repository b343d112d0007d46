import { childPath } from '../field-path.ts';
import type { DestinationRuleSpec } from '../kinds.ts';
import { checkClientTls } from './client-tls.ts';
import { checkFqdn, checkIpAddress, checkPort } from './names.ts';
import type { Report } from './report.ts';
import { checkDuration, checkDurationOrZero, checkWholePercent } from './values.ts';

export type TrafficPolicy = NonNullable<DestinationRuleSpec['trafficPolicy']>;
export type ConnectionPool = NonNullable<TrafficPolicy['connectionPool']>;
type LoadBalancer = NonNullable<TrafficPolicy['loadBalancer']>;
type OutlierDetection = NonNullable<TrafficPolicy['outlierDetection']>;
type LocalityLb = NonNullable<LoadBalancer['localityLbSetting']>;

const maxMaglevTableSize = 5_000_010;

/** Checks a traffic policy of a DestinationRule of some namespace, or of one of its subsets. */
export function checkTrafficPolicy(policy: TrafficPolicy | undefined, namespace: string, path: string, report: Report): void {
  if (!policy) return;
  if (Object.values(policy).every((field) => field == null || (Array.isArray(field) && field.length === 0))) {
    report.error(path, 'a traffic policy must set at least one field');
    return;
  }
  if (policy.tunnel && policy.proxyProtocol) report.error(path, 'tunnel and proxyProtocol exclude each other');
  checkBlocks(policy, namespace, path, report);
  for (const [index, port] of (policy.portLevelSettings ?? []).entries()) {
    const portPath = `${path}.portLevelSettings[${index}]`;
    if (!port.port) report.error(portPath, 'a port is required');
    else if (port.port.number !== undefined) add(report, `${portPath}.port.number`, checkPort(port.port.number));
    if (!port.outlierDetection && !port.connectionPool && !port.loadBalancer && !port.tls) {
      report.error(portPath, 'a traffic policy of a port must set at least one field besides the port');
    }
    checkBlocks(port, namespace, portPath, report);
  }
  if (policy.tunnel) checkTunnel(policy.tunnel, `${path}.tunnel`, report);
  const budget = policy.retryBudget as { readonly budgetInterval?: string } | undefined;
  add(report, `${path}.retryBudget.budgetInterval`, checkDurationOrZero(budget?.budgetInterval));
}

/** Checks connection pool settings. */
export function checkConnectionPool(pool: ConnectionPool | undefined, path: string, report: Report): void {
  if (!pool) return;
  if (!pool.http && !pool.tcp) report.error(path, 'expected tcp or http settings, found none');
  for (const field of nonNegativeHttp) checkNotNegative(pool.http?.[field], `${path}.http.${field}`, report);
  add(report, `${path}.http.idleTimeout`, checkDuration(pool.http?.idleTimeout));
  const ping = (pool.http as { readonly http2KeepAlive?: Http2KeepAlive } | undefined)?.http2KeepAlive;
  if (ping) checkHttp2KeepAlive(ping, `${path}.http.http2KeepAlive`, report);
  if (pool.http?.h2UpgradePolicy === 'UPGRADE' && pool.http.useClientProtocol) {
    report.error(`${path}.http.useClientProtocol`, 'must not be true when h2UpgradePolicy is UPGRADE');
  }
  const tcp = pool.tcp;
  if (!tcp) return;
  checkNotNegative(tcp.maxConnections, `${path}.tcp.maxConnections`, report);
  add(report, `${path}.tcp.connectTimeout`, checkDuration(tcp.connectTimeout));
  add(report, `${path}.tcp.maxConnectionDuration`, checkDuration(tcp.maxConnectionDuration));
  add(report, `${path}.tcp.idleTimeout`, checkDurationOrZero(tcp.idleTimeout));
  add(report, `${path}.tcp.tcpKeepalive.time`, checkDuration(tcp.tcpKeepalive?.time));
  add(report, `${path}.tcp.tcpKeepalive.interval`, checkDuration(tcp.tcpKeepalive?.interval));
}

interface Http2KeepAlive {
  readonly interval?: string;
  readonly timeout?: string;
}

function checkHttp2KeepAlive(ping: Http2KeepAlive, path: string, report: Report): void {
  for (const field of ['interval', 'timeout'] as const) {
    if (ping[field] === undefined) report.error(`${path}.${field}`, 'is required');
    else add(report, `${path}.${field}`, checkDuration(ping[field]));
  }
}

/** Checks locality load balancing. `hasOutlierDetection` tells whether failover can work at all. */
export function checkLocalityLb(lb: LocalityLb | undefined, hasOutlierDetection: boolean, path: string, report: Report): void {
  if (!lb) return;
  const failover = lb.failover ?? [];
  const priorities = lb.failoverPriority ?? [];
  if (lb.distribute?.length && failover.length > 0) {
    report.error(path, 'distribute and failover exclude each other');
    return;
  }
  const topology = priorities.find((label) => topologyLabels.has(label));
  if (failover.length > 0 && topology !== undefined) {
    report.error(`${path}.failoverPriority`, `must not name the topology label ${topology} when failover is set`);
    return;
  }
  for (const [index, { to }] of (lb.distribute ?? []).entries()) checkDistribution(to ?? {}, `${path}.distribute[${index}].to`, report);
  checkLocalities(
    (lb.distribute ?? []).map(({ from }) => from ?? ''),
    `${path}.distribute`,
    report,
  );
  if ((failover.length > 0 || priorities.length > 0) && !hasOutlierDetection) {
    report.warn(path, 'failover needs an outlierDetection, without which no endpoint is ever considered unhealthy');
  }
  for (const [index, entry] of failover.entries()) checkFailover(entry, `${path}.failover[${index}]`, report);
}

function checkFailover({ from = '', to = '' }: NonNullable<LocalityLb['failover']>[number], path: string, report: Report): void {
  if (from === to) report.error(path, `failover must lead to another region, found "${from}" twice`);
  if (from.includes('/') || to.includes('/')) report.error(path, 'failover takes regions only, without zone');
  if (from.includes('*') || to.includes('*')) report.error(path, 'failover takes no wildcard');
}

const nonNegativeHttp = [
  'http1MaxPendingRequests',
  'http2MaxRequests',
  'maxRequestsPerConnection',
  'maxRetries',
  'maxConcurrentStreams',
] as const;
const topologyLabels = new Set(['topology.kubernetes.io/region', 'topology.kubernetes.io/zone', 'topology.istio.io/subzone']);

function checkBlocks(
  policy: Pick<TrafficPolicy, 'outlierDetection' | 'connectionPool' | 'loadBalancer' | 'tls'>,
  namespace: string,
  path: string,
  report: Report,
): void {
  checkOutlierDetection(policy.outlierDetection, `${path}.outlierDetection`, report);
  checkConnectionPool(policy.connectionPool, `${path}.connectionPool`, report);
  checkLoadBalancer(policy.loadBalancer, policy.outlierDetection != null, `${path}.loadBalancer`, report);
  checkClientTls(policy.tls, namespace, `${path}.tls`, report);
}

function checkOutlierDetection(outlier: OutlierDetection | undefined, path: string, report: Report): void {
  if (!outlier) return;
  add(report, `${path}.baseEjectionTime`, checkDuration(outlier.baseEjectionTime));
  add(report, `${path}.interval`, checkDuration(outlier.interval));
  add(report, `${path}.maxEjectionPercent`, checkWholePercent(outlier.maxEjectionPercent));
  add(report, `${path}.minHealthPercent`, checkWholePercent(outlier.minHealthPercent));
  if (outlier.consecutiveErrors) {
    report.warn(
      `${path}.consecutiveErrors`,
      'outlier detection consecutive errors is deprecated, use consecutiveGatewayErrors or consecutive5xxErrors instead',
    );
  }
  if (!outlier.splitExternalLocalOriginErrors && (outlier.consecutiveLocalOriginFailures ?? 0) > 0) {
    report.error(`${path}.consecutiveLocalOriginFailures`, 'has no effect unless splitExternalLocalOriginErrors is true');
  }
}

function checkLoadBalancer(lb: LoadBalancer | undefined, hasOutlierDetection: boolean, path: string, report: Report): void {
  if (!lb) return;
  const hash = lb.consistentHash;
  if (hash) checkConsistentHash(hash, `${path}.consistentHash`, report);
  checkLocalityLb(lb.localityLbSetting, hasOutlierDetection, `${path}.localityLbSetting`, report);
  const zones = (lb as { readonly zoneAwareLbSetting?: ZoneAwareLb }).zoneAwareLbSetting;
  if (zones) {
    if (lb.localityLbSetting) report.error(path, 'localityLbSetting and zoneAwareLbSetting exclude each other');
    checkZoneAwareLb(zones, `${path}.zoneAwareLbSetting`, report);
  }
  add(report, `${path}.warmupDurationSecs`, checkDuration(lb.warmupDurationSecs));
  const warmup = lb.warmup;
  if (!warmup) return;
  if (lb.warmupDurationSecs) report.rule(path, 'only one of warmupDurationSecs and warmup can be set');
  if (warmup.duration === undefined || warmup.duration === null) report.error(`${path}.warmup.duration`, 'is required');
  add(report, `${path}.warmup.duration`, checkDuration(warmup.duration));
}

type ZoneAwareLb = Pick<LocalityLb, 'failover' | 'failoverPriority'>;

/** Regions, zones and subzones take care of themselves, so labels may not name them. */
function checkZoneAwareLb(zones: ZoneAwareLb, path: string, report: Report): void {
  const topology = (zones.failoverPriority ?? []).find((label) => topologyLabels.has(label));
  if (topology !== undefined) report.error(`${path}.failoverPriority`, `must not name the topology label ${topology}`);
  for (const [index, entry] of (zones.failover ?? []).entries()) checkFailover(entry, `${path}.failover[${index}]`, report);
}

function checkConsistentHash(hash: NonNullable<LoadBalancer['consistentHash']>, path: string, report: Report): void {
  if (hash.httpCookie && !hash.httpCookie.name) report.error(`${path}.httpCookie.name`, 'is required');
  add(report, `${path}.httpCookie.ttl`, checkDurationOrZero(hash.httpCookie?.ttl));
  if (hash.minimumRingSize) {
    report.warn(`${path}.minimumRingSize`, 'is deprecated, use ringHash.minimumRingSize');
    if (hash.ringHash || hash.maglev) report.error(path, 'minimumRingSize excludes ringHash and maglev');
  }
  if (!hash.maglev) return;
  const size = hash.maglev.tableSize ?? 0;
  if (size === 0) report.error(`${path}.maglev.tableSize`, 'is required');
  else if (size > maxMaglevTableSize) report.error(`${path}.maglev.tableSize`, `expected at most ${maxMaglevTableSize}, found ${size}`);
  else if (!isPrime(size)) report.error(`${path}.maglev.tableSize`, `expected a prime number, found ${size}`);
}

function checkTunnel(tunnel: NonNullable<TrafficPolicy['tunnel']>, path: string, report: Report): void {
  if (tunnel.protocol && tunnel.protocol !== 'CONNECT' && tunnel.protocol !== 'POST') {
    report.error(`${path}.protocol`, `expected CONNECT or POST, found "${tunnel.protocol}"`);
  }
  const host = tunnel.targetHost ?? '';
  if (checkFqdn(host) !== null && checkIpAddress(host) !== null) {
    report.error(`${path}.targetHost`, `expected a fully qualified name or an IP address, found "${host}"`);
  }
  add(report, `${path}.targetPort`, checkPort(tunnel.targetPort));
}

function checkDistribution(to: Readonly<Record<string, number>>, path: string, report: Report): void {
  let total = 0;
  for (const [locality, weight] of Object.entries(to)) {
    if (weight < 1 || weight > 100) {
      report.error(childPath(path, locality), `expected a weight from 1 to 100, found ${weight}`);
      return;
    }
    total += weight;
  }
  if (total !== 100) report.error(path, `the weights must add up to 100, found ${total}`);
  else checkLocalities(Object.keys(to), path, report);
}

/** Localities `region[/zone[/subzone]]`, with a wildcard only at the end, that do not overlap. */
function checkLocalities(localities: readonly string[], path: string, report: Report): void {
  const whole = new Set<string>();
  const wholeByBeginning = new Map<string, string>();
  for (const locality of localities) {
    const beginnings = beginningsOf(locality);
    if (locality.indexOf('*') >= 0 && locality.indexOf('*') !== locality.length - 1) {
      report.error(path, `a wildcard may stand only at the end of a locality, found "${locality}"`);
    } else if (beginnings.some((beginning, at) => beginning === (at === 0 ? '' : `${beginnings[at - 1]}/`))) {
      report.error(path, `expected region/zone/subzone without empty parts, found "${locality}"`);
    } else {
      const other = findOverlap(beginnings, whole) ?? wholeByBeginning.get(locality);
      if (other !== undefined) report.error(path, `the localities "${other}" and "${locality}" overlap`);
      whole.add(locality);
      for (const beginning of beginnings) if (!wholeByBeginning.has(beginning)) wholeByBeginning.set(beginning, locality);
    }
  }
}

/** The region, the region with the zone, and the whole locality. */
function beginningsOf(locality: string): readonly string[] {
  const first = locality.indexOf('/');
  const second = first < 0 ? -1 : locality.indexOf('/', first + 1);
  return [first, second]
    .filter((at) => at >= 0)
    .map((at) => locality.slice(0, at))
    .concat(locality);
}

/** An earlier locality that leaves nothing to a later one, whose beginnings are given. A later wildcard means the rest. */
function findOverlap(beginnings: readonly string[], whole: ReadonlySet<string>): string | undefined {
  const wildcards = ['*', ...beginnings.slice(0, -1).map((beginning) => `${beginning}/*`)];
  return [...wildcards, ...beginnings].find((candidate) => whole.has(candidate));
}

function isPrime(value: number): boolean {
  // Envoy takes 1 for a prime number.
  for (let factor = 2; factor * factor <= value; factor++) if (value % factor === 0) return false;
  return true;
}

function checkNotNegative(value: number | undefined, path: string, report: Report): void {
  if ((value ?? 0) < 0) report.error(path, `expected a number of at least 0, found ${value}`);
}

function add(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.error(path, problem);
}
