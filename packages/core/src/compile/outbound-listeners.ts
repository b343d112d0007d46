import type { ListenerJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_pb';
import { isIp } from '../base/addresses.ts';
import { isHttp, parseProtocol } from '../mesh/port-protocol.ts';
import type { EgressListener, ProxyView, ServiceView } from '../mesh/proxy-view.ts';
import type { ServicePort } from '../mesh/service.ts';
import { httpProxyRoute } from '../snapshot/names.ts';
import { ListenerTable } from './listener-table.ts';
import type { Binding } from './outbound-entry.ts';
import { httpChain, listenerFromEntry, virtualOutbound } from './outbound-listener.ts';
import { loopbackOf, serviceAddresses, wildcardOf } from './service-addresses.ts';

/** The outbound listeners of a sidecar, and the names of the route configurations they ask for. */
export function outboundListeners(view: ProxyView): {
  readonly listeners: readonly ListenerJson[];
  readonly routeNames: ReadonlySet<string>;
} {
  const table = new ListenerTable(view);
  for (const egress of view.scope.egress) {
    // Nothing is redirected to a proxy without interception: what is to be captured only that way never arrives.
    if (view.node.interceptionMode === 'NONE' && egress.captureMode === 'IPTABLES') continue;
    if (egress.port === null) addServicePorts(view, egress, table);
    else addFixedPort(view, egress, egress.port, table);
  }
  // Rules without a destination leave nothing to do with a connection, and Envoy refuses listeners without filter chains.
  const entries = table.entries().filter(({ chains }) => chains.length > 0);
  const listeners = entries.map((entry) => listenerFromEntry(view, entry));
  const routeNames = new Set(
    entries.flatMap((entry) => entry.chains.flatMap((chain) => (chain.routeName === null ? [] : [chain.routeName]))),
  );
  const proxyPort = view.node.httpProxyPort ?? view.settings.meshConfig.proxyHttpPort;
  if (proxyPort > 0) {
    listeners.push(httpProxyListener(view, proxyPort));
    routeNames.add(httpProxyRoute);
  }
  if (view.node.interceptionMode !== 'NONE') listeners.push(virtualOutbound(view));
  return { listeners, routeNames };
}

/** Where the listeners of an egress entry bind, and whether to a real port. Redirected connections need none: they are handed over by their destination. */
function bindingOf(view: ProxyView, egress: EgressListener): Binding {
  const bindsToPort = view.node.interceptionMode === 'NONE' || egress.captureMode === 'NONE' || egress.bind.startsWith('unix://');
  if (egress.bind !== '') return { addresses: [egress.bind], bindsToPort };
  return { addresses: bindsToPort ? [loopbackOf(view.node)] : [], bindsToPort };
}

/** A listener on a port that the Sidecar names, for every service that the entry imports. */
function addFixedPort(view: ProxyView, egress: EgressListener, port: NonNullable<EgressListener['port']>, table: ListenerTable): void {
  const binding = bindingOf(view, egress);
  const isHttpProxy = port.protocol.toUpperCase() === 'HTTP_PROXY';
  const servicePort: ServicePort = {
    name: port.name,
    number: port.number,
    protocol: parseProtocol(port.protocol),
    targetPort: null,
    nodePort: null,
  };
  if (!canBind(view, binding, servicePort)) return;
  for (const service of egress.services)
    table.add({ service, port: servicePort, binding, isHttpProxy, virtualServices: egress.virtualServices });
}

/** Listeners for every port of every imported service, except ports that an entry before has taken. */
function addServicePorts(view: ProxyView, egress: EgressListener, table: ListenerTable): void {
  table.lock();
  const binding = bindingOf(view, egress);
  for (const service of egress.services) {
    for (const port of service.service.ports) {
      if (!canBind(view, binding, port)) continue;
      const request = { service, port, binding, isHttpProxy: false, virtualServices: egress.virtualServices };
      if (!needsListenerPerEndpoint(view, service, port, binding)) {
        table.add(request);
        continue;
      }
      for (const address of endpointAddresses(view, service, port))
        table.add({ ...request, binding: { ...binding, addresses: [address] } });
    }
  }
}

/** Without a virtual address a TCP service is told apart by the addresses of its endpoints. */
function needsListenerPerEndpoint(view: ProxyView, { service, endpoints }: ServiceView, port: ServicePort, binding: Binding): boolean {
  if (binding.addresses.length > 0 || service.resolution !== 'passthrough' || serviceAddresses(service, view.node).length > 0) return false;
  const mayBeTcp =
    port.protocol !== 'HTTP' &&
    port.protocol !== 'HTTP2' &&
    port.protocol !== 'GRPC' &&
    port.protocol !== 'GRPC-Web' &&
    port.protocol !== 'UDP';
  const hasNoEndpoints =
    service.registry !== 'Kubernetes' &&
    service.selector === null &&
    !endpoints.endpoints.some((endpoint) => endpoint.portName === port.name);
  return mayBeTcp && !hasNoEndpoints;
}

/** The proxy's own address is left out: what a workload sends to itself does not come this way. */
function endpointAddresses(view: ProxyView, { endpoints }: ServiceView, port: ServicePort): readonly string[] {
  const addresses = endpoints.endpoints
    .filter((endpoint) => endpoint.portName === port.name && endpoint.health === 'healthy' && isIp(endpoint.address))
    .map((endpoint) => endpoint.address);
  return [...new Set(addresses)].filter((address) => address !== view.node.ip).sort();
}

/** Unprivileged proxies cannot bind ports below 1024; on the wildcard address the proxy's own ports are taken. */
function canBind(view: ProxyView, binding: Binding, port: ServicePort): boolean {
  if (binding.bindsToPort && view.node.isUnprivileged && port.number > 0 && port.number < 1024) return false;
  const [bind] = binding.addresses;
  const isWildcard = bind === undefined ? isHttp(port.protocol) : bind === wildcardOf(view.node);
  const { proxyListenPort, proxyInboundListenPort } = view.settings.meshConfig;
  return !(isWildcard && [proxyListenPort, proxyInboundListenPort, ...view.node.ownPorts].includes(port.number));
}

/** The listener for programs that speak to an HTTP proxy: every service is reached by the URL's host and port. */
function httpProxyListener(view: ProxyView, port: number): ListenerJson {
  const localhost = loopbackOf(view.node);
  const chain = httpChain(view, {
    routeName: httpProxyRoute,
    port: { name: '', number: port, protocol: 'HTTP', targetPort: null, nodePort: null },
    listenerName: `${localhost}_${port}`,
    isHttpProxy: true,
  });
  return listenerFromEntry(view, { binding: { addresses: [localhost], bindsToPort: true }, port, chains: [chain], hasFallback: false });
}
