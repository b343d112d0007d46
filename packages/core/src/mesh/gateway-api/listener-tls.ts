import type { KubernetesGateway } from '../../resource/kinds.ts';
import type { Finding } from './condition.ts';
import { gatewayApiGroup, type TranslationContext } from './context.ts';
import type { ListenerEntry, ListenerSpec } from './listener-findings.ts';
import { isReferencePermitted } from './references.ts';

/** The certificates of a listener. */
export interface ListenerCertificates {
  /** Resource names of those that can be used. */
  readonly usable: readonly string[];
  /** What is wrong with the others. */
  readonly finding: Finding | null;
  /** Whether the listener needs one of its own. */
  readonly isNeeded: boolean;
}

const networkLabel = 'topology.istio.io/network';
const gatewayPortLabel = 'networking.istio.io/gatewayPort';

/** The certificates that a listener names. Of a secret that may not be referred to nothing is said. */
export function listenerCertificates(context: TranslationContext, entry: ListenerEntry): ListenerCertificates {
  const { spec, owner } = entry;
  const asked = terminateMode(spec);
  if (!spec.tls || spec.tls.mode === 'Passthrough' || asked === 'ISTIO_MUTUAL' || asked === 'ISTIO_SIMPLE')
    return { usable: [], finding: null, isNeeded: false };
  const references = spec.tls.certificateRefs ?? [];
  const findings = references.map((reference) => certificateFinding(context, entry, reference ?? {}));
  const usable = references.flatMap((reference, index) =>
    findings[index] === null ? [`kubernetes-gateway://${reference?.namespace ?? owner.ref.namespace}/${reference?.name ?? ''}`] : [],
  );
  const finding = references.length === 0 ? refuse('A listener that terminates TLS needs a certificate') : findings.find(isFinding);
  return { usable, finding: finding ?? null, isNeeded: true };
}

/** What is wrong with the authority that clients of a listener are checked against; null when nothing is. */
export function clientAuthorityFinding(context: TranslationContext, gateway: KubernetesGateway, spec: ListenerSpec): Finding | null {
  const authority = spec.tls && spec.tls.mode !== 'Passthrough' ? clientValidation(gateway, spec.port)?.caCertificateRefs?.[0] : undefined;
  if (!authority) return null;
  const { group = '', kind = '', name = '', namespace = gateway.ref.namespace } = authority;
  if (group !== '' || (kind !== 'ConfigMap' && kind !== 'Secret'))
    return refuse(`Certificate authorities come from ConfigMaps and Secrets, not from ${kind}`, 'InvalidCACertificateKind');
  const from = { group: gatewayApiGroup, kind: 'Gateway', namespace: gateway.ref.namespace };
  if (!isReferencePermitted(context.set, from, { group, kind, namespace, name }))
    return refuse(`No ReferenceGrant permits the reference to a ${kind} in namespace ${namespace}`, 'RefNotPermitted');
  if (context.set.get(kind, namespace, name) === null)
    return refuse(`${kind} ${namespace}/${name} does not exist`, 'InvalidCACertificateRef');
  return null;
}

/** TLS of the Istio server that stands for a listener. */
export function serverTls(spec: ListenerSpec, usable: readonly string[], gateway: KubernetesGateway) {
  if (spec.tls?.mode === 'Passthrough') return { mode: isAutoPassthrough(gateway, spec) ? 'AUTO_PASSTHROUGH' : 'PASSTHROUGH' };
  const asked = terminateMode(spec);
  if (asked === 'ISTIO_MUTUAL') return { mode: 'ISTIO_MUTUAL' };
  if (asked === 'ISTIO_SIMPLE') return { mode: 'SIMPLE', credentialName: 'builtin://' };
  const validation = clientValidation(gateway, spec.port);
  const authority = validation?.caCertificateRefs?.[0];
  // A client whose certificate cannot be checked, or that has none, is let in, and what it showed is passed on.
  const isLenient = authority !== undefined && validation?.mode === 'AllowInsecureFallback';
  const roots = authority && {
    caCertCredentialName: `${authority.kind === 'ConfigMap' ? 'configmap' : 'kubernetes-gateway'}://${authority.namespace ?? gateway.ref.namespace}/${authority.name ?? ''}`,
  };
  const mode = asked === 'MUTUAL' || asked === 'OPTIONAL_MUTUAL' ? asked : isLenient ? 'OPTIONAL_MUTUAL' : authority ? 'MUTUAL' : 'SIMPLE';
  const [only] = usable;
  return {
    mode,
    ...(usable.length === 1 ? { credentialName: only } : { credentialNames: usable }),
    ...roots,
    ...(isLenient && { insecureSkipVerify: true }),
  };
}

/** Whether a listener forwards by the names that mesh proxies ask for: as it says, or as the port does by which other networks reach this one. */
export function isAutoPassthrough(gateway: KubernetesGateway, spec: ListenerSpec): boolean {
  if (!spec.tls) return false;
  if (option(spec, 'gateway.istio.io/listener-protocol') === 'auto-passthrough') return true;
  return gateway.labels[networkLabel] !== undefined && String(spec.port) === (gateway.labels[gatewayPortLabel] ?? '15443');
}

function terminateMode(spec: ListenerSpec): string | undefined {
  return option(spec, 'gateway.istio.io/tls-terminate-mode');
}

function option(spec: ListenerSpec, name: string): string | undefined {
  return ((spec.tls?.options ?? {}) as Readonly<Record<string, string | undefined>>)[name];
}

interface NamedReference {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
}

function certificateFinding(context: TranslationContext, { owner, ownerKind }: ListenerEntry, reference: NamedReference): Finding | null {
  const { group = '', kind = 'Secret', name = '', namespace = owner.ref.namespace } = reference;
  if (group !== '' || kind !== 'Secret') return refuse(`Certificates come from Secrets, not from ${kind}`);
  const from = { group: gatewayApiGroup, kind: ownerKind, namespace: owner.ref.namespace };
  if (!isReferencePermitted(context.set, from, { group, kind, namespace, name })) {
    return refuse(`No ReferenceGrant permits the reference to a Secret in namespace ${namespace}`, 'RefNotPermitted');
  }
  const secret = context.set.get('Secret', namespace, name);
  if (secret === null) return refuse(`Secret ${namespace}/${name} does not exist`);
  const data = { ...asRecord(secret.raw.data), ...asRecord(secret.raw.stringData) };
  return isCertificatePair(data) ? null : refuse(`Secret ${namespace}/${name} holds no certificate with its key`);
}

function refuse(message: string, reason = 'InvalidCertificateRef'): Finding {
  return { type: 'ResolvedRefs', isTrue: false, reason, message };
}

function isFinding(finding: Finding | null): boolean {
  return finding !== null;
}

function isCertificatePair(data: Readonly<Record<string, unknown>>): boolean {
  return (hasText(data['tls.crt']) && hasText(data['tls.key'])) || (hasText(data.cert) && hasText(data.key));
}

function hasText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

interface ClientValidation {
  readonly caCertificateRefs?: readonly NamedReference[];
  readonly mode?: string;
}

/** How the clients of a port are checked: as the Gateway says for the port, else as it says for all. */
function clientValidation(gateway: KubernetesGateway, port: number | undefined): ClientValidation | null {
  const { perPort = [], default: standard } = gateway.spec?.tls?.frontend ?? {};
  const own = perPort.find((entry) => entry?.port === port);
  return ((own ? own.tls : standard)?.validation ?? null) as ClientValidation | null;
}
