import { resolveHost } from '../base/hosts.ts';
import type { ResourceSet, ServiceEntry } from '../resource/kinds.ts';
import type { Service } from '../resource/kubernetes-types.ts';
import { labelsOf, object, objects, portNumber, strings, text } from './fields.ts';
import { createHostIndex } from './host-index.ts';

/** A host that traffic can be sent to, and what stands behind it. */
export interface ServiceHost {
  readonly host: string;
  readonly resource: Service | ServiceEntry;
  /** Port numbers, in the order declared. */
  readonly ports: readonly number[];
  /** Labels that select its workloads, or null when it selects none. */
  readonly selector: Readonly<Record<string, string>> | null;
}

/** The hosts of Services and ServiceEntries by who may see them. */
export interface ServiceHosts {
  readonly all: readonly ServiceHost[];
  /**
   * The service of a host as named in a resource of `namespace` that is exported to `exportTo`; null when there is none that is visible there.
   * A wildcard ServiceEntry stands for every host below it.
   */
  find(namespace: string, exportTo: readonly string[], host: string): ServiceHost | null;
  /** Services whose host or pattern has a name in common with this one, whoever can see them. */
  overlapping(host: string): readonly ServiceHost[];
  /** Services that a host or host pattern stands for and that `namespace` can see. */
  matching(namespace: string, pattern: string): readonly ServiceHost[];
}

/** A host as a namespace, or with `*` every namespace, can see it. */
interface Scoped {
  readonly scope: string;
  readonly entry: ServiceHost;
}

/** Collects the hosts of a set. Kubernetes services take the place of ServiceEntries of the same name. */
export function createServiceHosts(set: ResourceSet, domain: string): ServiceHosts {
  const byScope = new Map<string, ServiceHost>();
  const add = (scope: string, entry: ServiceHost): void => void byScope.set(`${scope}/${entry.host.toLowerCase()}`, entry);
  for (const resource of set.ofKind('ServiceEntry')) addServiceEntry(resource, domain, add);
  for (const resource of set.ofKind('Service')) addService(resource, domain, add);
  const all = [...new Set(byScope.values())];
  const scoped = [...byScope].map(([key, entry]): Scoped => ({ scope: key.slice(0, key.indexOf('/')), entry }));
  const index = createHostIndex(scoped, ({ entry }) => entry.host);
  const inScope = (scope: string, host: string): ServiceHost | null => byScope.get(`${scope}/${host}`) ?? null;
  return {
    all,
    overlapping: (host) => [...new Set(index.overlapping(host).map(({ entry }) => entry))],
    find(namespace, exportTo, host) {
      const name = resolveHost(host, namespace, domain).toLowerCase();
      const direct = inScope('*', name);
      if (direct) return direct;
      for (const scope of exportTo.length === 0 ? [namespace] : exportTo) {
        const found = inScope(scope === '.' ? namespace : scope, name);
        if (found) return found;
      }
      return index.covering(host).find(({ scope }) => isVisible(scope, namespace))?.entry ?? null;
    },
    matching(namespace, pattern) {
      const name = resolveHost(pattern, namespace, domain).toLowerCase();
      if (!name.startsWith('*')) {
        const found = inScope('*', name) ?? inScope(namespace, name);
        return found ? [found] : [];
      }
      const visible = index.within(name).filter(({ scope }) => isVisible(scope, namespace));
      return [...new Set(visible.map(({ entry }) => entry))];
    },
  };
}

/** Services of the control plane and of Kubernetes itself, which nobody declares. */
const installed = new Set(['kubernetes.default', 'istiod.istio-system', 'kube-dns.kube-system']);

/** Whether a host is that of a service that every installation has. */
export function isInstalledHost(host: string, domain: string): boolean {
  const suffix = `.svc.${domain}`;
  return host.endsWith(suffix) && installed.has(host.slice(0, -suffix.length));
}

function addServiceEntry(resource: ServiceEntry, domain: string, add: (scope: string, entry: ServiceHost) => void): void {
  const spec = object(resource.spec);
  const selector = spec.workloadSelector ? labelsOf(object(spec.workloadSelector).labels) : null;
  const ports = objects(spec.ports).flatMap(([, port]) => portNumber(port.number) ?? []);
  const exportTo = strings(spec.exportTo);
  const scopes =
    exportTo.length === 0 || exportTo.includes('*') ? ['*'] : exportTo.map((scope) => (scope === '.' ? resource.ref.namespace : scope));
  for (const written of strings(spec.hosts)) {
    const host = resolveHost(written, resource.ref.namespace, domain);
    const entry: ServiceHost = { host, resource, ports, selector };
    for (const scope of scopes) add(scope, entry);
  }
}

function addService(resource: Service, domain: string, add: (scope: string, entry: ServiceHost) => void): void {
  const { namespace, name } = resource.ref;
  const spec = object(resource.spec);
  const selector = spec.selector && Object.keys(spec.selector).length > 0 ? labelsOf(spec.selector) : null;
  const entry: ServiceHost = {
    host: resolveHost(name, namespace, domain),
    resource,
    ports: objects(spec.ports).flatMap(([, port]) => portNumber(port.port) ?? []),
    selector,
  };
  const exported = text(resource.annotations['networking.istio.io/exportTo']);
  for (const scope of exported === '' ? ['*'] : exported.split(',')) add(scope === '.' ? namespace : scope, entry);
}

function isVisible(scope: string, namespace: string): boolean {
  return scope === '*' || scope === namespace;
}
