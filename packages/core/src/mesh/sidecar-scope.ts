import { hostMatches, hostSubsetOf } from '../base/hosts.ts';
import { selectsLabels } from '../base/labels.ts';
import type { Sidecar, SidecarSpec } from '../resource/kinds.ts';
import { compareAge } from '../resource/resource-set.ts';
import { isExportedTo, visibleFrom } from './exports.ts';
import type { Mesh } from './mesh.ts';
import type { Service } from './service.ts';
import { mergeInto, onlyPort, onlyPorts, uniqueByHostname } from './service-merge.ts';
import type { VirtualServiceRules } from './virtual-service.ts';

type EgressSpec = NonNullable<SidecarSpec['egress']>[number];

/** What one egress listener lets a proxy see. */
export interface EgressImports {
  /** Null for the listener that stands in when the Sidecar names none. */
  readonly spec: EgressSpec | null;
  readonly path: string | null;
  readonly services: readonly Service[];
  readonly virtualServices: readonly VirtualServiceRules[];
}

/** What a proxy sees of the mesh: per egress listener, and all services together for its clusters. */
export interface Imports {
  readonly sidecar: Sidecar | null;
  readonly egress: readonly EgressImports[];
  readonly services: readonly Service[];
}

/** The one Sidecar of a workload: the oldest of its namespace that selects it, else the namespace's own, else the root namespace's. */
export function sidecarFor(mesh: Mesh, namespace: string, labels: Readonly<Record<string, string>>): Sidecar | null {
  const { rootNamespace } = mesh.settings;
  const sorted = [...mesh.resources.ofKind('Sidecar')].sort(compareAge);
  const own = sorted.filter((sidecar) => sidecar.ref.namespace === namespace);
  const hasSelector = (sidecar: Sidecar) => Object.keys(sidecar.spec?.workloadSelector?.labels ?? {}).length > 0;
  return (
    own.find((sidecar) => hasSelector(sidecar) && selectsLabels(sidecar.spec?.workloadSelector?.labels, labels)) ??
    own.find((sidecar) => !hasSelector(sidecar)) ??
    sorted.find((sidecar) => sidecar.ref.namespace === rootNamespace && !hasSelector(sidecar)) ??
    null
  );
}

/** Resolves what a sidecar in a namespace imports; without a Sidecar, everything exported to the namespace. */
export function resolveImports(mesh: Mesh, namespace: string, sidecar: Sidecar | null): Imports {
  const services = visibleFrom(mesh.services, namespace, (service) => service.namespace);
  const virtualServices = meshVirtualServices(mesh, namespace);
  const listeners = sidecar?.spec?.egress ?? [];
  const egress: EgressImports[] =
    listeners.length === 0
      ? [importEverything(services, virtualServices, namespace)]
      : listeners.map((spec, index) => importListener(spec, `spec.egress[${index}]`, { services, virtualServices, namespace }));
  return { sidecar, egress, services: collectServices(mesh, namespace, egress) };
}

/** The VirtualServices for sidecars that a namespace sees. Routes that a consumer made for itself with the Gateway API come before those for everybody. */
function meshVirtualServices(mesh: Mesh, namespace: string): readonly VirtualServiceRules[] {
  const visible = visibleFrom(mesh.virtualServices, namespace, (rules) => rules.ref.namespace).filter((rules) =>
    rules.gateways.includes('mesh'),
  );
  const isPublic = (rules: VirtualServiceRules) => rules.exportTo.includes('*');
  const isConsumers = (rules: VirtualServiceRules) =>
    isPublic(rules) && rules.semantics === 'gateway-api' && rules.ref.namespace === namespace;
  const limited = visible.filter((rules) => !isPublic(rules));
  const open = visible.filter(isPublic);
  return [...limited, ...open.filter(isConsumers), ...open.filter((rules) => !isConsumers(rules))];
}

function importEverything(services: readonly Service[], virtualServices: readonly VirtualServiceRules[], namespace: string): EgressImports {
  return { spec: null, path: null, services: uniqueByHostname(services, namespace), virtualServices };
}

interface Visible {
  readonly services: readonly Service[];
  readonly virtualServices: readonly VirtualServiceRules[];
  readonly namespace: string;
}

function importListener(spec: EgressSpec, path: string, visible: Visible): EgressImports {
  const { included, excluded } = parseHosts(spec.hosts ?? [], visible.namespace);
  const port = matchedPort(spec);
  const services = visible.services.flatMap((service) => {
    if (!importsHost(included, service.namespace, (host) => hostSubsetOf(service.hostname, host))) return [];
    if (importsHost(excluded, service.namespace, (host) => hostSubsetOf(service.hostname, host))) return [];
    const trimmed = port === null ? service : onlyPort(service, port);
    return trimmed ? [trimmed] : [];
  });
  const virtualServices = visible.virtualServices.filter((rules) => {
    const overlaps = rules.semantics === 'istio' ? hostMatches : hostSubsetOf;
    return (
      importsHost(included, rules.ref.namespace, (host) => rules.hosts.some((name) => overlaps(name, host))) &&
      !importsHost(excluded, rules.ref.namespace, (host) => rules.hosts.every((name) => hostSubsetOf(name, host)))
    );
  });
  return { spec, path, services: uniqueByHostname(services, visible.namespace), virtualServices };
}

interface HostImport {
  readonly namespace: string;
  readonly host: string;
}

/** `namespace/host` entries; `.` is the own namespace, `~/*` imports nothing, a leading `~` before a namespace excludes. */
function parseHosts(
  hosts: readonly string[],
  namespace: string,
): { readonly included: readonly HostImport[]; readonly excluded: readonly HostImport[] } {
  const included: HostImport[] = [];
  const excluded: HostImport[] = [];
  for (const text of hosts) {
    const [scope = '', host = '', ...rest] = text.split('/');
    if (host === '' || rest.length > 0 || scope === '~') continue;
    const list = scope.startsWith('~') ? excluded : included;
    const name = scope.startsWith('~') ? scope.slice(1) : scope;
    list.push({ namespace: name === '.' ? namespace : name, host: host.toLowerCase() });
  }
  return { included, excluded };
}

function importsHost(imports: readonly HostImport[], namespace: string, holds: (host: string) => boolean): boolean {
  return imports.some((entry) => (entry.namespace === '*' || entry.namespace === namespace) && holds(entry.host));
}

/** A listener with a port sees only services that have the port; an HTTP proxy listener sees all. */
function matchedPort(spec: EgressSpec): number | null {
  const number = spec.port?.number;
  return number && (spec.port?.protocol ?? '').toUpperCase() !== 'HTTP_PROXY' ? number : null;
}

/**
 * The services of all listeners; services that only a VirtualService leads to are added, without replacing one imported by name. Those of the mesh's own
 * providers (logs, tracing, authorization) are always there, because they are the mesh's business and not the workload's.
 */
function collectServices(mesh: Mesh, namespace: string, egress: readonly EgressImports[]): readonly Service[] {
  const byHostname = new Map<string, Service>();
  for (const listener of egress) {
    for (const service of listener.services) mergeInto(byHostname, service);
    const port = listener.spec ? matchedPort(listener.spec) : null;
    for (const rules of listener.virtualServices) {
      for (const [host, ports] of destinationPorts(rules, namespace)) {
        const service = pickService(mesh, host, namespace);
        const trimmed = service && (port === null ? onlyPorts(service, ports) : onlyPort(service, port));
        if (trimmed) mergeInto(byHostname, trimmed);
      }
    }
  }
  for (const [host, ports] of providerPorts(mesh)) {
    const service = pickService(mesh, host, namespace);
    const trimmed = service && onlyPorts(service, ports);
    if (trimmed && !byHostname.has(host)) byHostname.set(host, trimmed);
  }
  return [...byHostname.values()].sort((a, b) => (a.hostname < b.hostname ? -1 : 1));
}

/** Hosts and ports of the services that the mesh configuration's providers name. */
function providerPorts(mesh: Mesh): ReadonlyMap<string, ReadonlySet<number>> {
  const portsByHost = new Map<string, Set<number>>();
  for (const { name: _, ...settings } of mesh.settings.meshConfig.extensionProviders) {
    for (const { service = '', port } of Object.values(settings) as readonly { readonly service?: string; readonly port?: number }[]) {
      const host = service.slice(service.indexOf('/') + 1);
      if (host === '' || typeof port !== 'number') continue;
      portsByHost.set(host, (portsByHost.get(host) ?? new Set()).add(port));
    }
  }
  return portsByHost;
}

/** Of the services with a host name, the own namespace's, else that of the first namespace by name that is visible. */
function pickService(mesh: Mesh, hostname: string, namespace: string): Service | null {
  const candidates = mesh.servicesByHostname.get(hostname) ?? [];
  const own = candidates.find((service) => service.namespace === namespace);
  if (own) return own;
  const visible = candidates.filter((service) => isExportedTo(service.exportTo, namespace));
  return [...visible].sort((a, b) => (a.namespace < b.namespace ? -1 : 1))[0] ?? null;
}

/** Hosts that the rules send clients of a namespace to, with the ports named; an empty set stands for all ports. */
function destinationPorts(rules: VirtualServiceRules, namespace: string): ReadonlyMap<string, ReadonlySet<number>> {
  const portsByHost = new Map<string, Set<number>>();
  const allPorts = new Set<string>();
  const add = (destination: { readonly host?: string; readonly port?: { readonly number?: number } } | undefined) => {
    if (!destination?.host) return;
    const ports = portsByHost.get(destination.host) ?? new Set<number>();
    portsByHost.set(destination.host, ports);
    if (destination.port?.number) ports.add(destination.port.number);
    else allPorts.add(destination.host);
  };
  const concerns = (matches: readonly { readonly sourceNamespace?: string }[] | undefined) =>
    !matches || matches.length === 0 || matches.some((match) => !match?.sourceNamespace || match.sourceNamespace === namespace);
  for (const { spec } of rules.http) {
    if (!concerns(spec.match)) continue;
    for (const entry of spec.route ?? []) add(entry.destination);
    add(spec.mirror);
    for (const entry of spec.mirrors ?? []) add(entry.destination);
  }
  for (const { spec } of [...rules.tcp, ...rules.tls])
    if (concerns(spec.match)) for (const entry of spec.route ?? []) add(entry.destination);
  for (const host of allPorts) portsByHost.set(host, new Set());
  return portsByHost;
}
