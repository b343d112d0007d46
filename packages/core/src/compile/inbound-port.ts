import type { ServerTls } from '../mesh/gateway-servers.ts';
import { parseProtocol } from '../mesh/port-protocol.ts';
import type { ProxyView, ServiceInstance, SidecarIngress } from '../mesh/proxy-view.ts';
import type { PortProtocol } from '../mesh/service.ts';
import type { ResourceRef } from '../resource/resource.ts';
import { effectivePolicy } from './traffic-policy.ts';

/** A port on which the workload takes traffic. */
export interface InboundPort {
  /** The workload's port. */
  readonly number: number;
  /** Port of the service, which names the virtual host. */
  readonly servicePort: number;
  readonly protocol: PortProtocol;
  /** Address of the listener, or of the name of the chain when the port is captured. */
  readonly bind: string;
  /** A listener of its own; otherwise a chain of `virtualInbound`. */
  readonly isBound: boolean;
  /** For tracing: the host the port belongs to. */
  readonly hostname: string;
  /** Where connections go; null for the address they were meant for. */
  readonly endpoint: { readonly address: string; readonly port: number } | { readonly pipe: string } | null;
  readonly tls: ServerTls | null;
  readonly connectionPool: SidecarIngress['connectionPool'] | null;
  /** The services that this port serves. */
  readonly instances: readonly ServiceInstance[];
  readonly origin: { readonly ref: ResourceRef; readonly path: string } | null;
}

function meshPool(view: ProxyView): InboundPort['connectionPool'] {
  return view.settings.meshConfig.defaultTrafficPolicy?.connectionPool ?? null;
}

/** Ports that belong to the proxy itself and are never the workload's. */
const reservedPorts: ReadonlySet<number> = new Set([15001, 15006, 15021, 15090]);

/**
 * The ports of a workload by number: the `ingress` listeners of its Sidecar where there are any, otherwise one for each port of the services
 * that select it (the first service that names a port decides its protocol). Without traffic interception only Sidecar listeners count.
 */
export function inboundPorts(view: ProxyView): readonly InboundPort[] {
  const ports = new Map<number, InboundPort>();
  const found = view.scope.ingress ? ingressPorts(view, view.scope.ingress) : servicePorts(view);
  for (const port of found) if (!ports.has(port.number)) ports.set(port.number, port);
  return [...ports.values()].sort((a, b) => a.number - b.number);
}

/** The wildcard address of the family of a proxy's own address. */
export function wildcardAddress(view: ProxyView): string {
  return view.node.ip.includes(':') ? '::' : '0.0.0.0';
}

function servicePorts(view: ProxyView): readonly InboundPort[] {
  if (view.node.interceptionMode === 'NONE') return [];
  const isLocalhost = view.settings.meshConfig.inboundTrafficPolicy.mode === 'LOCALHOST';
  return view.instances
    .filter((instance) => !reservedPorts.has(instance.targetPort) && instance.servicePort.protocol !== 'UDP')
    .map((instance) => ({
      number: instance.targetPort,
      servicePort: instance.servicePort.number,
      protocol: instance.servicePort.protocol,
      bind: wildcardAddress(view),
      isBound: false,
      hostname: instance.service.hostname,
      endpoint: isLocalhost ? { address: loopback(view), port: instance.targetPort } : null,
      tls: null,
      connectionPool: view.scope.inboundConnectionPool ?? inboundPool(view, instance),
      instances: view.instances.filter((other) => other.targetPort === instance.targetPort),
      origin: null,
    }));
}

function ingressPorts(view: ProxyView, ingress: readonly SidecarIngress[]): readonly InboundPort[] {
  return ingress.flatMap((listener, index): InboundPort[] => {
    const number = listener.port?.number;
    if (typeof number !== 'number' || number < 1 || number > 65535) return [];
    const isBound = isBoundToPort(listener.captureMode, view);
    if (isBound && number < 1024 && view.node.isUnprivileged) return [];
    const instances = view.instances.filter((instance) => instance.targetPort === number);
    const declared = parseProtocol(listener.port?.protocol ?? '');
    const { ref } = view.scope;
    return [
      {
        number,
        servicePort: number,
        protocol: listener.tls ? afterTermination(declared) : declared,
        bind: listener.bind || view.node.ip || wildcardAddress(view),
        isBound,
        hostname: ref ? `${ref.name}.${ref.namespace}` : '',
        endpoint: defaultEndpoint(view, listener.defaultEndpoint),
        tls: (listener.tls as ServerTls | undefined) ?? null,
        connectionPool:
          listener.connectionPool ?? view.scope.inboundConnectionPool ?? (instances[0] ? inboundPool(view, instances[0]) : meshPool(view)),
        instances,
        origin: ref ? { ref, path: `spec.ingress[${index}]` } : null,
      },
    ];
  });
}

function isBoundToPort(captureMode: string | undefined, view: ProxyView): boolean {
  if (captureMode === undefined || captureMode === 'DEFAULT') return view.node.interceptionMode === 'NONE';
  return captureMode === 'NONE';
}

/** HTTPS whose TLS ends at the listener is HTTP from there on. */
function afterTermination(protocol: PortProtocol): PortProtocol {
  if (protocol === 'HTTPS') return 'HTTP';
  return protocol === 'TLS' ? 'TCP' : protocol;
}

/** `127.0.0.1:p` is the loopback address, `0.0.0.0:p` the workload's own, `unix://path` a socket; nothing is the original destination. */
function defaultEndpoint(view: ProxyView, text: string | undefined): InboundPort['endpoint'] {
  if (!text) return null;
  if (text.startsWith('unix://')) return { pipe: text.slice('unix://'.length) };
  const [, host = '', digits = ''] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65535) return null;
  if (host === '0.0.0.0' || host === '::') return { address: view.node.ip || loopback(view), port };
  return { address: host || loopback(view), port };
}

function loopback(view: ProxyView): string {
  return view.node.ip.includes(':') ? '::1' : '127.0.0.1';
}

/** A DestinationRule's connection pool also limits what its hosts accept. */
function inboundPool(view: ProxyView, instance: ServiceInstance): InboundPort['connectionPool'] | null {
  const policy = effectivePolicy({ policy: instance.policy, subset: null, port: instance.servicePort.number }, view.settings.meshConfig);
  return (policy.connectionPool as InboundPort['connectionPool']) ?? null;
}
