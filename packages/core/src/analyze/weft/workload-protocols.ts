import type { Labels } from '../../base/labels.ts';
import type { Service } from '../../resource/kubernetes-types.ts';
import type { Resource } from '../../resource/resource.ts';
import type { AnalyzerContext } from '../analyzer.ts';
import { labelsOf, object, objects, text } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { formatSelector } from '../label-index.ts';
import { createSelectorIndex } from '../selector-index.ts';
import type { Workload } from '../workload.ts';

type Context = Pick<AnalyzerContext, 'set' | 'index'>;

const httpNames = /^(http|http2|http3|grpc|grpc-web|http_proxy)(-|$)/;
const httpAppProtocols: ReadonlySet<string> = new Set(['kubernetes.io/h2c', 'kubernetes.io/ws']);

/**
 * A test whether something declares ports of a workload, and all of them are HTTP: in Services, ServiceEntries, Sidecars and Gateways that select it. What
 * selects is looked at once.
 */
export function createHttpOnlyTest(context: Context): (workload: Workload) => boolean {
  const { set, index } = context;
  const inNamespaces = [
    ...declarations(
      set.ofKind('ServiceEntry'),
      (spec) => object(spec.workloadSelector).labels,
      ({ ports }) => objects(ports).map(([, port]) => text(port.protocol) || text(port.name)),
    ),
    ...declarations(
      set.ofKind('Sidecar'),
      (spec) => object(spec.workloadSelector).labels,
      ({ ingress }) => objects(ingress).map(([, { port }]) => text(object(port).protocol)),
    ),
  ];
  const gateways = declarations(
    set.ofKind('Gateway'),
    (spec) => spec.selector,
    ({ servers }) => objects(servers).map(([, server]) => serverProtocol(server)),
  );
  const byNamespace = new Map(
    [...groupBy(inNamespaces, ({ namespace }) => namespace)].map(([name, all]) => [name, createSelectorIndex(all, selectorOf)]),
  );
  const everywhere = createSelectorIndex(gateways, selectorOf);
  const ofServices = new WeakMap<Service, ProtocolKind>();
  const kindOfService = (service: Service): ProtocolKind => {
    const known = ofServices.get(service) ?? kindOf(objects(object(service.spec).ports).map(([, port]) => serviceProtocol(port)));
    ofServices.set(service, known);
    return known;
  };
  return remembered(({ namespace, labels }) => {
    const services = index
      .servicesSelecting(namespace, labels)
      .filter((service) => Object.keys(labelsOf(object(service.spec).selector)).length > 0);
    const others = [...(byNamespace.get(namespace)?.selecting(labels) ?? []), ...everywhere.selecting(labels)];
    const kinds = [...services.map(kindOfService), ...others.map(({ kind }) => kind)];
    return kinds.includes('http') && !kinds.includes('other');
  });
}

/** Answers for each workload once, and for those with the same labels in the same namespace. */
function remembered(test: (workload: Workload) => boolean): (workload: Workload) => boolean {
  const byWorkload = new Map<Workload, boolean>();
  const byLabels = new Map<string, boolean>();
  return (workload) => {
    const known = byWorkload.get(workload);
    if (known !== undefined) return known;
    const key = `${workload.namespace} ${formatSelector(workload.labels)}`;
    const answer = byLabels.get(key) ?? test(workload);
    byLabels.set(key, answer);
    byWorkload.set(workload, answer);
    return answer;
  };
}

/** What ports are: all HTTP, not all, or there are none. */
type ProtocolKind = 'http' | 'other' | 'none';

interface Declaration {
  readonly namespace: string;
  readonly selector: Labels;
  readonly kind: ProtocolKind;
}

/** What each of some resources that select workloads says of their ports. */
function declarations<S extends object>(
  resources: readonly Resource<S>[],
  selectorIn: (spec: Partial<S>) => unknown,
  protocolsIn: (spec: Partial<S>) => readonly string[],
): readonly Declaration[] {
  return resources.flatMap(({ ref, spec }) => {
    const selector = labelsOf(selectorIn(object(spec)));
    return Object.keys(selector).length === 0 ? [] : [{ namespace: ref.namespace, selector, kind: kindOf(protocolsIn(object(spec))) }];
  });
}

function selectorOf({ selector }: Declaration): Labels {
  return selector;
}

/** Protocols are given by their names, or by port names that begin with one. */
function kindOf(protocols: readonly string[]): ProtocolKind {
  return protocols.length === 0 ? 'none' : protocols.every(isHttpName) ? 'http' : 'other';
}

function serviceProtocol(port: { readonly name?: unknown; readonly appProtocol?: unknown; readonly protocol?: unknown }): string {
  return port.protocol === 'UDP' ? 'udp' : text(port.appProtocol) || text(port.name);
}

/** The proxy ends TLS of an HTTPS server unless it is to pass it through. */
function serverProtocol(server: { readonly port?: { readonly protocol?: unknown }; readonly tls?: { readonly mode?: unknown } }): string {
  const protocol = text(object(server.port).protocol);
  const isPassedThrough = ['PASSTHROUGH', 'AUTO_PASSTHROUGH'].includes(text(object(server.tls).mode));
  return protocol.toUpperCase() === 'HTTPS' && !isPassedThrough ? 'http' : protocol;
}

function isHttpName(name: string): boolean {
  const lower = name.toLowerCase();
  return httpAppProtocols.has(lower) || httpNames.test(lower);
}
