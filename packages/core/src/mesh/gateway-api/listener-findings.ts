import type { KubernetesGateway, ListenerSet } from '../../resource/kinds.ts';
import type { Finding } from './condition.ts';
import { gatewayApiGroup, type RouteKind, type TranslationContext } from './context.ts';
import { isReferencePermitted } from './references.ts';

export type ListenerSpec = NonNullable<KubernetesGateway['spec']['listeners']>[number];

/** A listener as written, with the resource it is written in. */
export interface ListenerEntry {
  readonly spec: ListenerSpec;
  readonly owner: KubernetesGateway | ListenerSet;
  readonly ownerKind: 'Gateway' | 'ListenerSet';
}

const http: readonly string[] = ['HTTPRoute', 'GRPCRoute'];
const kindsByProtocol: Readonly<Record<string, readonly string[]>> = {
  HTTP: http,
  HTTPS: http,
  TLS: ['TLSRoute', 'TCPRoute'],
  TCP: ['TCPRoute'],
};

/** The kinds of routes a listener takes: what its protocol can carry, cut down to what it allows. */
export function routeKinds(spec: ListenerSpec): { readonly supported: readonly RouteKind[]; readonly finding: Finding | null } {
  const possible = kindsByProtocol[spec.protocol ?? ''] ?? [];
  const withGroup = (kind: string): RouteKind => ({ group: gatewayApiGroup, kind });
  const asked = spec.allowedRoutes?.kinds ?? [];
  if (asked.length === 0) return { supported: possible.map(withGroup), finding: null };
  const isPossible = (kind: (typeof asked)[number]) =>
    (kind?.group ?? gatewayApiGroup) === gatewayApiGroup && possible.includes(kind?.kind ?? '');
  const supported = asked.filter(isPossible).map((kind) => withGroup(kind?.kind ?? ''));
  const wrong = asked.filter((kind) => !isPossible(kind)).map((kind) => kind?.kind ?? '');
  if (wrong.length === 0) return { supported, finding: null };
  const message = `Routes of kind ${wrong.join(', ')} cannot attach to a listener with protocol ${spec.protocol ?? ''}`;
  return { supported, finding: { type: 'ResolvedRefs', isTrue: false, reason: 'InvalidRouteKinds', message } };
}

/** Whether a listener can be served at all. */
export function acceptedFinding(spec: ListenerSpec): Finding {
  const refuse = (reason: string, message: string): Finding => ({ type: 'Accepted', isTrue: false, reason, message });
  if (!kindsByProtocol[spec.protocol ?? '']) return refuse('UnsupportedProtocol', `Protocol ${spec.protocol ?? ''} is not supported`);
  if (typeof spec.port !== 'number' || spec.port < 1 || spec.port > 65535)
    return refuse('PortUnavailable', 'The port must be between 1 and 65535');
  if ((spec.protocol === 'HTTPS' || spec.protocol === 'TLS') && !spec.tls) {
    return refuse('UnsupportedValue', `A listener with protocol ${spec.protocol} needs a tls section`);
  }
  return { type: 'Accepted', isTrue: true, reason: 'Accepted', message: 'No errors found' };
}

/** Listeners of one port need one way of telling connections apart, and different hosts. */
export function conflictFinding(spec: ListenerSpec, rivals: readonly ListenerEntry[]): Finding {
  const transport = (protocol: string | undefined) => (protocol === 'HTTPS' || protocol === 'TLS' ? 'tls' : protocol);
  const same = rivals.filter((rival) => rival.spec.port === spec.port);
  if (same.some((rival) => transport(rival.spec.protocol) !== transport(spec.protocol))) {
    return {
      type: 'Conflicted',
      isTrue: true,
      reason: 'ProtocolConflict',
      message: `Another listener uses port ${spec.port} with another protocol`,
    };
  }
  if (same.some((rival) => (rival.spec.hostname ?? '').toLowerCase() === (spec.hostname ?? '').toLowerCase())) {
    return {
      type: 'Conflicted',
      isTrue: true,
      reason: 'HostnameConflict',
      message: `Another listener serves the same host on port ${spec.port}`,
    };
  }
  return { type: 'Conflicted', isTrue: false, reason: 'NoConflicts', message: 'No errors found' };
}

/** What is wrong with the certificates of a listener; null when nothing is. Of a secret that may not be referred to nothing is said. */
export function certificateFinding(context: TranslationContext, { spec, owner, ownerKind }: ListenerEntry): Finding | null {
  const refuse = (reason: string, message: string): Finding => ({ type: 'ResolvedRefs', isTrue: false, reason, message });
  if (!spec.tls || spec.tls.mode === 'Passthrough') return null;
  const options = (spec.tls.options ?? {}) as Readonly<Record<string, string | undefined>>;
  if (options['gateway.istio.io/tls-terminate-mode'] === 'ISTIO_MUTUAL') return null;
  const references = spec.tls.certificateRefs ?? [];
  if (references.length === 0) return refuse('InvalidCertificateRef', 'A listener that terminates TLS needs a certificate');
  for (const reference of references) {
    const { group = '', kind = 'Secret', name = '', namespace = owner.ref.namespace } = reference ?? {};
    if (group !== '' || kind !== 'Secret') return refuse('InvalidCertificateRef', `Certificates come from Secrets, not from ${kind}`);
    const from = { group: gatewayApiGroup, kind: ownerKind, namespace: owner.ref.namespace };
    if (!isReferencePermitted(context.set, from, { group, kind, namespace, name })) {
      return refuse('RefNotPermitted', `No ReferenceGrant permits the reference to a Secret in namespace ${namespace}`);
    }
    const secret = context.set.get('Secret', namespace, name);
    if (secret === null) return refuse('InvalidCertificateRef', `Secret ${namespace}/${name} does not exist`);
    const data = { ...asRecord(secret.raw.data), ...asRecord(secret.raw.stringData) };
    if (!isCertificatePair(data)) return refuse('InvalidCertificateRef', `Secret ${namespace}/${name} holds no certificate with its key`);
  }
  return null;
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
