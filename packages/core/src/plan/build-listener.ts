import type { CidrRangeJson } from '@weft/envoy-api/envoy/config/core/v3/address_pb';
import type { TransportSocketJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type {
  FilterChainJson,
  FilterChainMatchJson,
  ListenerFilterChainMatchPredicateJson,
  ListenerFilterJson,
} from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import type { ProxyProtocolJson } from '@weft/envoy-api/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb';
import { buildAccessLog } from './build-access-log.ts';
import { buildChainMatcher } from './build-chain-matcher.ts';
import { buildAddress } from './build-endpoint.ts';
import { buildNetworkFilter } from './build-network-filter.ts';
import { hostFilterProblems } from './build-route-table.ts';
import { buildDownstreamTls } from './build-tls.ts';
import { buildFilterChainIndex } from './filter-chain-index.ts';
import type { FilterChainMatchPlan, FilterChainPlan } from './filter-chain-plan.ts';
import { findProblems } from './find-problems.ts';
import type { HttpConnectionManagerPlan } from './http-connection-plan.ts';
import { type IpRange, parseIpRange } from './ip-address.ts';
import type { ListenerFilterPlan, ListenerPlan, PortRangeSet } from './listener-plan.ts';
import { durationMs, filterMetadata, messageName } from './read.ts';
import type { DownstreamTlsPlan } from './tls-plan.ts';

/** Compiles a listener. */
export function buildListener(json: ListenerJson): ListenerPlan {
  const filterChains = apiChains(json) ?? (json.filterChains ?? []).map(buildFilterChain);
  const matcher = json.filterChainMatcher ? buildChainMatcher(json.filterChainMatcher) : null;
  const chainIndex = buildFilterChainIndex(matcher === null ? filterChains : []);
  const defaultFilterChain = json.defaultFilterChain ? buildFilterChain(json.defaultFilterChain) : null;
  const listenerFilters = (json.listenerFilters ?? []).map(buildListenerFilter);
  const allChains = defaultFilterChain ? [...filterChains, defaultFilterChain] : filterChains;
  const unsupported = [...listenerFilters.flatMap(listenerFilterProblems), ...allChains.flatMap(chainProblems)];
  return {
    name: json.name ?? '',
    addresses: [json.address, ...(json.additionalAddresses ?? []).map((entry) => entry.address)]
      .filter((address) => address !== undefined)
      .map(buildAddress),
    bindToPort: json.bindToPort ?? json.deprecatedV1?.bindToPort ?? true,
    useOriginalDst: json.useOriginalDst ?? false,
    direction: json.trafficDirection === 'INBOUND' || json.trafficDirection === 'OUTBOUND' ? json.trafficDirection : 'UNSPECIFIED',
    bufferLimitBytes: json.perConnectionBufferLimitBytes ?? 1_048_576,
    listenerFilters,
    listenerFiltersTimeoutMs: durationMs(json.listenerFiltersTimeout, 15_000),
    continueOnListenerFiltersTimeout: json.continueOnListenerFiltersTimeout ?? false,
    filterChains,
    defaultFilterChain,
    chainMatcher: matcher?.choose ?? null,
    chainIndex,
    accessLogs: (json.accessLog ?? []).map(buildAccessLog),
    reusePort: json.enableReusePort ?? json.reusePort ?? true,
    backlog: json.tcpBacklogSize ?? 128,
    tcpFastOpen: json.tcpFastOpenQueueLength ?? null,
    drainType: json.drainType === 'MODIFY_ONLY' ? 'MODIFY_ONLY' : 'DEFAULT',
    maxConnectionsPerEvent: json.maxConnectionsToAcceptPerSocketEvent ?? null,
    metadata: filterMetadata(json.metadata),
    problems: [...findProblems(json), ...unsupported, ...(matcher?.problems ?? []), ...chainIndex.conflicts],
    source: json,
  };
}

/** A gRPC client's API listener holds a bare connection manager: it reads as one chain that takes everything. */
function apiChains(json: ListenerJson): FilterChainPlan[] | null {
  const manager = json.apiListener?.apiListener;
  if (!manager) return null;
  return [buildFilterChain({ filters: [{ name: 'envoy.filters.network.http_connection_manager', typedConfig: manager }] })];
}

function buildFilterChain(json: FilterChainJson): FilterChainPlan {
  const networkFilters = (json.filters ?? []).map(buildNetworkFilter);
  const http = networkFilters.find((filter) => filter.kind === 'http');
  const tcp = networkFilters.find((filter) => filter.kind === 'tcpProxy');
  return {
    name: json.name ?? '',
    match: buildMatch(json.filterChainMatch ?? {}),
    networkFilters,
    http: http?.http ?? null,
    tcp: tcp?.tcp ?? null,
    tls: buildDownstreamTransport(json.transportSocket),
    transportConnectTimeoutMs: durationMs(json.transportSocketConnectTimeout, 0),
    metadata: filterMetadata(json.metadata),
    source: json,
  };
}

function buildMatch(json: FilterChainMatchJson): FilterChainMatchPlan {
  const type = json.sourceType;
  return {
    destinationPort: json.destinationPort ?? null,
    destinationRanges: ranges(json.prefixRanges),
    serverNames: (json.serverNames ?? []).map((name) => name.toLowerCase()),
    transportProtocol: json.transportProtocol ?? '',
    applicationProtocols: json.applicationProtocols ?? [],
    directSourceRanges: ranges(json.directSourcePrefixRanges),
    sourceType: type === 'SAME_IP_OR_LOOPBACK' || type === 'EXTERNAL' ? type : 'ANY',
    sourceRanges: ranges(json.sourcePrefixRanges),
    sourcePorts: json.sourcePorts ?? [],
  };
}

function ranges(list: readonly CidrRangeJson[] | undefined): IpRange[] {
  return (list ?? []).flatMap((range) => parseIpRange(range.addressPrefix ?? '', range.prefixLen ?? 0) ?? []);
}

function buildDownstreamTransport(json: TransportSocketJson | undefined): DownstreamTlsPlan | null {
  const { '@type': typeUrl = '', ...config } = (json?.typedConfig ?? {}) as Readonly<Record<string, unknown>> & {
    readonly '@type'?: string;
  };
  return messageName(typeUrl) === 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext' ? buildDownstreamTls(config) : null;
}

const listenerFilterKinds: Readonly<Record<string, 'tlsInspector' | 'httpInspector' | 'originalDst'>> = {
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector': 'tlsInspector',
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector': 'httpInspector',
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst': 'originalDst',
};

function buildListenerFilter(json: ListenerFilterJson): ListenerFilterPlan {
  const name = json.name ?? '';
  const disabledPorts = json.filterDisabled ? portSet(json.filterDisabled) : null;
  const { '@type': typeUrl = '', ...config } = (json.typedConfig ?? {}) as Readonly<Record<string, unknown>> & {
    readonly '@type'?: string;
  };
  const kind = listenerFilterKinds[messageName(typeUrl)];
  if (kind) return { name, disabledPorts, kind };
  if (messageName(typeUrl) === 'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol') {
    const { allowRequestsWithoutProxyProtocol, disallowedVersions } = config as ProxyProtocolJson;
    return {
      name,
      disabledPorts,
      kind: 'proxyProtocol',
      allowRequestsWithout: allowRequestsWithoutProxyProtocol ?? false,
      disallowedVersions: disallowedVersions ?? [],
    };
  }
  return { name, disabledPorts, kind: 'unsupported', typeUrl };
}

function portSet(json: ListenerFilterChainMatchPredicateJson): PortRangeSet {
  if (json.orMatch)
    return combine((json.orMatch.rules ?? []).map(portSet), 'or', (tests, port) => tests.some((test) => test.includes(port)));
  if (json.andMatch)
    return combine((json.andMatch.rules ?? []).map(portSet), 'and', (tests, port) => tests.every((test) => test.includes(port)));
  if (json.notMatch) {
    const inner = portSet(json.notMatch);
    return { text: `not ${inner.text}`, includes: (port) => !inner.includes(port) };
  }
  if (json.destinationPortRange) {
    const { start = 0, end = 0 } = json.destinationPortRange;
    return { text: `[${start}, ${end})`, includes: (port) => port >= start && port < end };
  }
  return { text: 'any', includes: () => json.anyMatch ?? false };
}

function combine(
  sets: readonly PortRangeSet[],
  word: string,
  includes: (sets: readonly PortRangeSet[], port: number) => boolean,
): PortRangeSet {
  return { text: sets.map((set) => set.text).join(` ${word} `), includes: (port) => includes(sets, port) };
}

function listenerFilterProblems(filter: ListenerFilterPlan): string[] {
  return filter.kind === 'unsupported' ? [`listener filter ${filter.name} (${filter.typeUrl}) is not supported`] : [];
}

function chainProblems(chain: FilterChainPlan): string[] {
  const where = chain.name === '' ? '' : `filter chain ${chain.name}: `;
  const networkFilters = chain.networkFilters.flatMap((filter) => {
    if (filter.kind === 'unsupported') return [`${where}network filter ${filter.name} (${filter.typeUrl}) is not supported`];
    return filter.kind === 'http' ? httpFilterProblems(filter.http).map((problem) => `${where}${problem}`) : [];
  });
  const transport = unsupportedTransport((chain.source as FilterChainJson).transportSocket);
  return transport === null ? networkFilters : [`${where}transport socket ${transport} is not supported`, ...networkFilters];
}

/** Anything but TLS and plain bytes would be read as plain bytes. */
function unsupportedTransport(json: TransportSocketJson | undefined): string | null {
  const typeUrl = json?.typedConfig?.['@type'];
  if (typeUrl === undefined) return null;
  return downstreamTransports.has(messageName(typeUrl)) ? null : typeUrl;
}

const downstreamTransports: ReadonlySet<string> = new Set([
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
]);

function httpFilterProblems(http: HttpConnectionManagerPlan): string[] {
  const inline = http.routes.kind === 'inline' ? hostFilterProblems(http.routes.table.virtualHosts) : [];
  const lists = [http.filters, ...http.upgrades.flatMap(({ filters }) => (filters ? [filters.filters] : []))];
  const own = lists.flat().flatMap(({ name, config, optional }) => {
    if (config.kind !== 'unsupported' || optional || harmless.has(messageName(config.typeUrl))) return [];
    return [`HTTP filter ${name} (${config.typeUrl || 'without a configuration'}) is not supported`];
  });
  return [...own, ...inline];
}

/** Resolves names for clusters of its own kind and judges nothing. */
const harmless: ReadonlySet<string> = new Set(['envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig']);
