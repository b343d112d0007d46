import type { BackendTLSPolicy, DestinationRule, ResourceSet } from '../../resource/kinds.ts';
import type { Finding } from './condition.ts';
import type { TranslationContext } from './context.ts';
import { comparePrecedence } from './precedence.ts';

/** What a BackendTLSPolicy came to for one of its targets. */
export interface PolicyTarget {
  readonly written: Readonly<Record<string, unknown>>;
  /** Host of the service, or null when there is none. */
  readonly host: string | null;
  readonly findings: readonly Finding[];
}

/** What a BackendTLSPolicy came to. */
export interface TranslatedBackendTls {
  readonly policy: BackendTLSPolicy;
  readonly targets: readonly PolicyTarget[];
}

type Tls = Readonly<Record<string, unknown>>;

interface ServicePolicies {
  readonly namespace: string;
  readonly name: string;
  readonly parents: Set<string>;
  readonly createdAt: number | null;
  readonly source: BackendTLSPolicy['source'];
  /** By port number; null: the whole service. */
  readonly tlsByPort: Map<number | null, Tls>;
}

/**
 * BackendTLSPolicies as DestinationRules that originate TLS, one for each service. For a service, or one port of it, the oldest policy counts, one for the port
 * before one for the service. Where a DestinationRule is written for the service it goes before any policy.
 */
export function translateBackendTls(context: TranslationContext): {
  readonly policies: readonly TranslatedBackendTls[];
  readonly rules: readonly DestinationRule[];
} {
  const byService = new Map<string, ServicePolicies>();
  const policies = [...context.set.ofKind('BackendTLSPolicy')].sort(comparePrecedence).map((policy): TranslatedBackendTls => {
    const { tls, findings } = policyTls(policy, context);
    const targets = (policy.spec?.targetRefs ?? []).map((target) => {
      const { host, finding } = addTarget(policy, (target ?? {}) as TargetReference, { tls, byService, context });
      return {
        written: (target ?? {}) as PolicyTarget['written'],
        host,
        findings: withDefaults(finding ? [finding, ...findings] : findings),
      };
    });
    return { policy, targets };
  });
  const rules = [...byService.values()].filter(({ namespace, name }) => !hasOwnRule(context, namespace, name));
  return { policies, rules: rules.map((service) => destinationRule(service, context)) };
}

interface TargetReference {
  readonly group?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly sectionName?: string;
}

interface Targets {
  readonly tls: Tls;
  readonly byService: Map<string, ServicePolicies>;
  readonly context: TranslationContext;
}

function addTarget(
  policy: BackendTLSPolicy,
  { group = '', kind = '', name = '', sectionName = '' }: TargetReference,
  { tls, byService, context }: Targets,
): { readonly host: string | null; readonly finding: Finding | null } {
  const { namespace } = policy.ref;
  const refuse = (reason: string, message: string): Finding => ({ type: 'Accepted', isTrue: false, reason, message });
  const service = group === '' && kind === 'Service' ? context.set.get('Service', namespace, name) : null;
  const section = service?.spec?.ports?.find((port) => port?.name === sectionName);
  if (service === null || (sectionName !== '' && !section)) {
    const what = sectionName === '' ? `${kind} ${namespace}/${name}` : `${kind} ${namespace}/${name} with a port ${sectionName}`;
    return { host: null, finding: refuse('TargetNotFound', `There is no ${what}`) };
  }
  const host = `${name}.${namespace}.svc.${context.domain}`;
  const policies = byService.get(host) ?? {
    namespace,
    name,
    parents: new Set(),
    createdAt: policy.createdAt,
    source: policy.source,
    tlsByPort: new Map(),
  };
  byService.set(host, policies);
  const port = section?.port ?? null;
  if (policies.tlsByPort.has(port)) return { host, finding: refuse('Conflicted', `An older policy holds for Service ${name}`) };
  policies.tlsByPort.set(port, tls);
  policies.parents.add(`BackendTLSPolicy/${namespace}.${policy.ref.name}`);
  return { host, finding: null };
}

function withDefaults(findings: readonly Finding[]): readonly Finding[] {
  const accepted: Finding = { type: 'Accepted', isTrue: true, reason: 'Accepted', message: 'The policy is valid' };
  const resolved: Finding = { type: 'ResolvedRefs', isTrue: true, reason: 'ResolvedRefs', message: 'No errors found' };
  const found = (type: string) => findings.find((finding) => finding.type === type);
  return [found('Accepted') ?? accepted, found('ResolvedRefs') ?? resolved];
}

function policyTls(policy: BackendTLSPolicy, context: TranslationContext): { readonly tls: Tls; readonly findings: readonly Finding[] } {
  const { validation } = policy.spec ?? {};
  const { authority, findings } = certificateAuthority(policy, context);
  const names = (validation?.subjectAltNames ?? []).map((name) => name?.hostname ?? name?.uri ?? '').filter((name) => name !== '');
  const hostname = validation?.hostname ?? '';
  return { tls: { mode: 'SIMPLE', ...authority, sni: hostname, subjectAltNames: names.length > 0 ? names : [hostname] }, findings };
}

interface Authority {
  readonly caCertificates?: string;
  readonly caCertCredentialName?: string;
}

/** A secret that nobody has: connections wait for it and fail, as no certificate of the service may be trusted. */
const noAuthority: Authority = { caCertCredentialName: 'invalid://' };

/** Where the roots are that the service's certificate is checked against. */
function certificateAuthority(
  policy: BackendTLSPolicy,
  context: TranslationContext,
): { readonly authority: Authority; readonly findings: readonly Finding[] } {
  const { caCertificateRefs = [], wellKnownCACertificates } = policy.spec?.validation ?? {};
  if (wellKnownCACertificates === 'System') return { authority: { caCertificates: 'system' }, findings: [] };
  const refuse = (reason: string, message: string) => ({
    authority: noAuthority,
    findings: [
      { type: 'ResolvedRefs', isTrue: false, reason, message },
      { type: 'Accepted', isTrue: false, reason: 'NoValidCACertificate', message },
    ],
  });
  const [reference] = caCertificateRefs;
  if (!reference) return refuse('InvalidCACertificateRef', 'The policy names no certificate authority');
  const kind = reference.kind ?? '';
  if (reference.group || kind !== 'ConfigMap')
    return refuse('InvalidKind', `Certificate authorities come from ConfigMaps, not from ${kind}`);
  const name = reference.name ?? '';
  const found = context.set.get('ConfigMap', policy.ref.namespace, name);
  if (found === null) return refuse('InvalidCACertificateRef', `ConfigMap ${name} does not exist`);
  if (!found.raw.data?.['ca.crt']) return refuse('InvalidCACertificateRef', `ConfigMap ${name} holds no ca.crt`);
  return { authority: { caCertCredentialName: `configmap://${policy.ref.namespace}/${name}` }, findings: [] };
}

/** Rules of other namespaces are not asked: clients there look at them before they come here. */
function hasOwnRule({ set, domain }: { readonly set: ResourceSet; readonly domain: string }, namespace: string, name: string): boolean {
  return set
    .ofKind('DestinationRule')
    .some(
      (rule) => rule.ref.namespace === namespace && (rule.spec?.host === name || rule.spec?.host === `${name}.${namespace}.svc.${domain}`),
    );
}

function destinationRule(service: ServicePolicies, { domain }: TranslationContext): DestinationRule {
  const { namespace, createdAt, source } = service;
  const name = `${service.name}~istio-autogenerated-k8s-gateway`;
  const annotations = { 'internal.istio.io/parents': [...service.parents].join() };
  const whole = service.tlsByPort.get(null);
  const ports = [...service.tlsByPort].flatMap(([port, tls]) => (port === null ? [] : [{ port: { number: port }, tls }]));
  const trafficPolicy = { ...(whole && { tls: whole }), ...(ports.length > 0 && { portLevelSettings: ports }) };
  const spec = { host: `${service.name}.${namespace}.svc.${domain}`, trafficPolicy } as DestinationRule['spec'];
  const raw = { apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule', metadata: { name, namespace, annotations }, spec };
  const ref = { group: 'networking.istio.io', version: 'v1', kind: 'DestinationRule', namespace, name };
  return { ref, labels: {}, annotations, createdAt, spec, raw, source };
}
