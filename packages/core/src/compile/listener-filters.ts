import type {
  FilterChainJson,
  ListenerFilterChainMatchPredicateJson,
  ListenerFilterJson,
} from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import { typedConfig } from './typed-config.ts';

/** Reads the destination of a redirected connection. */
export const originalDestinationFilter: ListenerFilterJson = {
  name: 'envoy.filters.listener.original_dst',
  typedConfig: typedConfig('envoy.extensions.filters.listener.original_dst.v3.OriginalDst', {}),
};

/** Reads the addresses that a load balancer puts before the bytes. */
export const proxyProtocolFilter: ListenerFilterJson = {
  name: 'envoy.filters.listener.proxy_protocol',
  typedConfig: typedConfig('envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol', {}),
};

/** Recognises TLS and reads its server name and protocols. */
export const tlsInspectorFilter: ListenerFilterJson = {
  name: 'envoy.filters.listener.tls_inspector',
  typedConfig: typedConfig('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
};

/** Recognises HTTP in plain text. */
export const httpInspectorFilter: ListenerFilterJson = {
  name: 'envoy.filters.listener.http_inspector',
  typedConfig: typedConfig('envoy.extensions.filters.listener.http_inspector.v3.HttpInspector', {}),
};

/**
 * The inspectors that the matches of these chains need, each switched off for the ports that can do without: waiting for bytes to inspect would
 * stall protocols in which the server speaks first. Port 0 stands for all ports that no chain names.
 */
export function inspectors(chains: readonly FilterChainJson[]): ListenerFilterJson[] {
  const needs = new Map<number, { tls: boolean; http: boolean }>();
  for (const { filterChainMatch: match } of chains) {
    const port = match?.destinationPort ?? 0;
    const need = needs.get(port) ?? { tls: false, http: false };
    need.tls ||= match?.transportProtocol === 'tls' || (match?.serverNames?.length ?? 0) > 0;
    need.http ||= (match?.applicationProtocols ?? []).some((protocol) => protocol === 'http/1.1' || protocol === 'h2c');
    needs.set(port, need);
  }
  const ports = [...needs.keys()].sort((a, b) => a - b);
  const tls = inspector(tlsInspectorFilter, ports, (port) => needs.get(port)?.tls ?? false);
  const http = inspector(httpInspectorFilter, ports, (port) => needs.get(port)?.http ?? false);
  return [tls, http].filter((filter) => filter !== null);
}

function inspector(filter: ListenerFilterJson, ports: readonly number[], isNeeded: (port: number) => boolean): ListenerFilterJson | null {
  const named = ports.filter((port) => port !== 0);
  const needing = named.filter(isNeeded);
  if (ports.includes(0) && isNeeded(0)) {
    const sparing = named.filter((port) => !isNeeded(port));
    return sparing.length === 0 ? filter : { ...filter, filterDisabled: anyPort(sparing) };
  }
  if (needing.length === 0) return null;
  return needing.length === ports.length ? filter : { ...filter, filterDisabled: { notMatch: anyPort(needing) } };
}

function anyPort(ports: readonly number[]): ListenerFilterChainMatchPredicateJson {
  const rules = ports.map((port): ListenerFilterChainMatchPredicateJson => ({ destinationPortRange: { start: port, end: port + 1 } }));
  const [only] = rules;
  return rules.length === 1 && only ? only : { orMatch: { rules } };
}
