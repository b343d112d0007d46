import { hostSubsetOf, isWildcardHost, resolveHost } from '../../base/hosts.ts';
import type { Labels } from '../../base/labels.ts';
import type { DestinationRule, DestinationRuleSpec, PeerAuthentication } from '../../resource/kinds.ts';
import type { Service } from '../../resource/kubernetes-types.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects, portNumber, text } from '../fields.ts';
import { fact, list, nameOf } from '../proof.ts';
import type { ServiceHost } from '../service-hosts.ts';
import { createMutualTlsModes, type MutualTlsModes, selectorOf } from './effective-mutual-tls.ts';

type TrafficPolicy = NonNullable<DestinationRuleSpec['trafficPolicy']>;

/** A traffic policy in a DestinationRule, for all endpoints of the host or for those of a subset. */
interface Place {
  readonly policy: Partial<TrafficPolicy>;
  readonly path: string;
  readonly labels: Labels;
}

interface Conflict {
  readonly type: 'PlaintextToStrictMutualTls' | 'MutualTlsToPlaintextServer';
  readonly path: string;
  readonly mode: string;
  readonly host: string;
  readonly policy: PeerAuthentication;
}

/** Clients and servers that are told different things about mutual TLS, so that no connection between them succeeds. */
export const mutualTlsConsistencyAnalyzer: SetAnalyzer = {
  name: 'destinationrule.MutualTlsAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    if (context.set.ofKind('PeerAuthentication').length === 0) return;
    const modes = createMutualTlsModes(context);
    const exactHosts = new Set(context.set.ofKind('DestinationRule').map((rule) => hostOf(rule, context)));
    for (const rule of context.set.ofKind('DestinationRule')) {
      for (const place of placesOf(rule)) checkPlace(rule, place, modes, exactHosts, context);
    }
    if (!context.meshConfig.enableAutoMtls) for (const policy of context.set.ofKind('PeerAuthentication')) checkCovered(policy, context);
  },
};

function hostOf(rule: DestinationRule, { domain }: AnalyzerContext): string {
  return resolveHost(text(object(rule.spec).host), rule.ref.namespace, domain).toLowerCase();
}

function placesOf(rule: DestinationRule): readonly Place[] {
  const spec = object(rule.spec);
  return [
    { policy: object(spec.trafficPolicy), path: 'spec.trafficPolicy', labels: {} },
    ...objects(spec.subsets).map(([index, subset]) => ({
      policy: object(subset.trafficPolicy),
      path: `spec.subsets[${index}].trafficPolicy`,
      labels: labelsOf(subset.labels),
    })),
  ];
}

function checkPlace(
  rule: DestinationRule,
  place: Place,
  modes: MutualTlsModes,
  exactHosts: ReadonlySet<string>,
  context: AnalyzerContext,
): void {
  const hasTls = place.policy.tls || objects(place.policy.portLevelSettings).some(([, level]) => level.tls);
  if (!hasTls) return;
  const host = hostOf(rule, context);
  const services = context.index.hosts
    .matching(rule.ref.namespace, host)
    .filter((service) => service.resource.ref.kind === 'Service' && (!isWildcardHost(host) || !exactHosts.has(service.host.toLowerCase())));
  const conflicts = services.flatMap((service) => conflictsOf(service, place, modes, context));
  for (const type of ['PlaintextToStrictMutualTls', 'MutualTlsToPlaintextServer'] as const) {
    const found = conflicts.filter((conflict) => conflict.type === type);
    const [first] = found;
    if (!first) continue;
    const hosts = [...new Set(found.map((conflict) => conflict.host))];
    context.report({
      type,
      resource: rule,
      path: first.path,
      message:
        type === 'PlaintextToStrictMutualTls'
          ? `Clients are told tls mode ${first.mode} for ${list(hosts)}, but PeerAuthentication ${nameOf(first.policy)} accepts only mutual TLS there: every connection is refused. Use ISTIO_MUTUAL (or leave tls out), or make the policy PERMISSIVE.`
          : `Clients are told to use mutual TLS for ${list(hosts)}, but PeerAuthentication ${nameOf(first.policy)} turns it off there: every connection fails. Use tls mode DISABLE, or make the policy PERMISSIVE.`,
      proof: found.flatMap((conflict) => [
        fact(rule, conflict.path, `is ${conflict.mode}`),
        fact(conflict.policy, 'spec', `holds for ${conflict.host}`),
      ]),
    });
  }
}

function conflictsOf(service: ServiceHost, place: Place, modes: MutualTlsModes, context: AnalyzerContext): readonly Conflict[] {
  const { namespace } = service.resource.ref;
  if (service.selector === null) return [];
  const workloads = context.index
    .workloadsIn(namespace)
    .matching({ ...service.selector, ...place.labels })
    .filter((workload) => context.index.isInMesh(workload));
  // Without any knowledge of workloads the labels of the service are the best guess at theirs.
  const labelSets =
    workloads.length > 0
      ? workloads.map((workload) => workload.labels)
      : context.index.knowsWorkloads
        ? []
        : [{ ...service.selector, ...place.labels }];
  return objects(object((service.resource as Service).spec).ports).flatMap(([, port]) => {
    const tls = tlsAt(place, portNumber(port.port) ?? 0);
    if (tls === null) return [];
    return labelSets.flatMap((labels): readonly Conflict[] => {
      const { mode, policy } = modes.of(namespace, labels, portNumber(port.targetPort) ?? portNumber(port.port));
      const type = conflictType(tls.mode, mode);
      return type === null || policy === null ? [] : [{ type, path: tls.path, mode: tls.mode, host: service.host, policy }];
    });
  });
}

/** The TLS mode for a port: that of its own settings, which replace the general ones altogether. */
function tlsAt({ policy, path }: Place, port: number): { readonly mode: string; readonly path: string } | null {
  const own = objects(policy.portLevelSettings).find(([, level]) => portNumber(object(level.port).number) === port);
  const tls = own ? own[1].tls : policy.tls;
  const mode = text(object(tls).mode);
  return mode === '' ? null : { mode, path: own ? `${path}.portLevelSettings[${own[0]}].tls.mode` : `${path}.tls.mode` };
}

function conflictType(client: string, server: 'STRICT' | 'PERMISSIVE' | 'DISABLE'): Conflict['type'] | null {
  if (server === 'STRICT' && (client === 'DISABLE' || client === 'SIMPLE')) return 'PlaintextToStrictMutualTls';
  return server === 'DISABLE' && client === 'ISTIO_MUTUAL' ? 'MutualTlsToPlaintextServer' : null;
}

/** Without automatic mutual TLS clients speak plain text unless a DestinationRule says otherwise. */
function checkCovered(policy: PeerAuthentication, context: AnalyzerContext): void {
  const spec = object(policy.spec);
  if (Object.keys(selectorOf(policy)).length > 0 || object(spec.mtls).mode !== 'STRICT') return;
  const mutual = context.set
    .ofKind('DestinationRule')
    .filter((rule) => ['ISTIO_MUTUAL', 'MUTUAL'].includes(text(object(object(object(rule.spec).trafficPolicy).tls).mode)))
    .map((rule) => hostOf(rule, context));
  const isMeshWide = policy.ref.namespace === context.rootNamespace;
  const services = isMeshWide ? context.set.ofKind('Service') : context.index.servicesIn(policy.ref.namespace);
  const plain = services.filter(
    (service) =>
      object(service.spec).selector &&
      !mutual.some((host) => hostSubsetOf(resolveHost(service.ref.name, service.ref.namespace, context.domain), host)),
  );
  if (plain.length === 0) return;
  context.report({
    type: 'StrictMutualTlsWithoutDestinationRule',
    resource: policy,
    path: 'spec.mtls.mode',
    message: `Automatic mutual TLS is off and no DestinationRule makes clients of ${list(plain.map(nameOf))} use it, but this policy accepts nothing else: connections are refused. Add a DestinationRule with tls mode ISTIO_MUTUAL.`,
    proof: [
      fact(policy, 'spec.mtls.mode', 'is STRICT'),
      ...plain.slice(0, 5).map((service) => fact(service, 'metadata.name', 'has no DestinationRule with mutual TLS')),
    ],
  });
}
