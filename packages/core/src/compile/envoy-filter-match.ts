import type { FilterChainJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import type { VirtualHostJson } from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { RouteConfigurationJson } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import { RE2JS } from 're2js';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { EnvoyFilter } from '../resource/kinds.ts';
import { parseClusterName } from '../snapshot/names.ts';

export type ConfigPatch = NonNullable<EnvoyFilter['spec']['configPatches']>[number];
export type PatchMatch = NonNullable<ConfigPatch['match']>;
export type PatchContext = 'SIDECAR_INBOUND' | 'SIDECAR_OUTBOUND' | 'GATEWAY';

type GeneratedListenerMatch = NonNullable<PatchMatch['listener']>;
/** `transportSocket` is younger than the generated types. */
type ListenerMatch = Omit<GeneratedListenerMatch, 'filterChain'> & {
  readonly filterChain?: NonNullable<GeneratedListenerMatch['filterChain']> & { readonly transportSocket?: string };
};
type RouteMatch = NonNullable<PatchMatch['routeConfiguration']>;

/** What chains without a transport socket have. */
const plainSocket = 'envoy.transport_sockets.raw_buffer';

/** Whether a patch concerns the proxy: its version and metadata. A proxy that tells no version is taken for the latest. */
export function concernsProxy(match: PatchMatch | undefined, view: ProxyView): boolean {
  const { proxyVersion, metadata } = match?.proxy ?? {};
  const version = view.node.metadata.ISTIO_VERSION;
  if (proxyVersion && typeof version === 'string' && !isFound(proxyVersion, version)) return false;
  return Object.entries(metadata ?? {}).every(([key, value]) => view.node.metadata[key] === value);
}

/** Whether a patch's context is this one; `ANY` is all. */
export function isInContext(match: PatchMatch | undefined, context: PatchContext): boolean {
  return match?.context === undefined || match.context === 'ANY' || match.context === context;
}

/** The side of the proxy that a listener serves. */
export function listenerContext(view: ProxyView, listener: ListenerJson): PatchContext {
  if (view.node.type !== 'sidecar') return 'GATEWAY';
  return listener.trafficDirection === 'INBOUND' ? 'SIDECAR_INBOUND' : 'SIDECAR_OUTBOUND';
}

/** Whether a listener is meant. On `virtualInbound` a port means the chains for it, not the listener's own. */
export function matchesListener(match: ListenerMatch | undefined, listener: ListenerJson): boolean {
  if (match?.name && match.name !== listener.name) return false;
  if (!match?.portNumber || isVirtual(listener)) return true;
  return listener.address?.socketAddress?.portValue === match.portNumber;
}

/** Whether a filter chain is meant. */
export function matchesChain(match: ListenerMatch | undefined, listener: ListenerJson, chain: FilterChainJson): boolean {
  const chainMatch = chain.filterChainMatch;
  if (match?.portNumber && isVirtual(listener) && chainMatch?.destinationPort !== match.portNumber) return false;
  const wanted = match?.filterChain;
  if (!wanted) return true;
  if (wanted.name && wanted.name !== chain.name) return false;
  if (wanted.sni && !(chainMatch?.serverNames ?? []).includes(wanted.sni)) return false;
  if (wanted.transportProtocol && wanted.transportProtocol !== chainMatch?.transportProtocol) return false;
  if (wanted.destinationPort && wanted.destinationPort !== chainMatch?.destinationPort) return false;
  if (wanted.transportSocket && wanted.transportSocket !== (chain.transportSocket?.name ?? plainSocket)) return false;
  const protocols = wanted.applicationProtocols ? wanted.applicationProtocols.split(',') : [];
  return protocols.every((protocol) => (chainMatch?.applicationProtocols ?? []).includes(protocol));
}

/** Whether a route configuration is meant; its port and gateway are in its name. */
export function matchesRoutes(match: RouteMatch | undefined, routes: RouteConfigurationJson): boolean {
  const name = routes.name ?? '';
  if (match?.name && match.name !== name) return false;
  const parts = routePlace(name);
  if (match?.portNumber && match.portNumber !== parts.port) return false;
  if (match?.portName && parts.portName !== '' && match.portName !== parts.portName) return false;
  return !match?.gateway || parts.gateway === '' || match.gateway === parts.gateway;
}

/** Whether a virtual host is meant. */
export function matchesVirtualHost(match: RouteMatch | undefined, host: VirtualHostJson): boolean {
  const wanted = match?.vhost;
  if (wanted?.name && wanted.name !== host.name) return false;
  return !wanted?.domainName || (host.domains ?? []).includes(wanted.domainName);
}

/** Whether a cluster is meant, by the parts of its name. */
export function matchesCluster(match: PatchMatch['cluster'], name: string): boolean {
  if (match?.name) return match.name === name;
  const key = parseClusterName(name);
  if (match?.service && match.service !== key?.hostname) return false;
  if (match?.portNumber && match.portNumber !== key?.port) return false;
  return !match?.subset || match.subset === key?.subset;
}

function isVirtual(listener: ListenerJson): boolean {
  return listener.name === 'virtualInbound';
}

function routePlace(name: string): { readonly port: number; readonly portName: string; readonly gateway: string } {
  const [kind = '', port = '', portName = '', gateway = '', namespace = ''] = name.split('.');
  if (kind === 'http' && port !== '') return { port: Number(port), portName: '', gateway: '' };
  if (kind === 'https' && namespace !== '') return { port: Number(port), portName, gateway: `${namespace}/${gateway}` };
  const cluster = parseClusterName(name);
  if (cluster) return { port: cluster.port, portName: '', gateway: '' };
  return { port: Number(name.slice(name.lastIndexOf(':') + 1)), portName: '', gateway: '' };
}

/** Whether an RE2 expression is found in the text; one that cannot be read matches nothing. */
function isFound(pattern: string, text: string): boolean {
  try {
    return RE2JS.compile(pattern).matcher(text).find();
  } catch {
    return false;
  }
}
