import type { Finding } from './condition.ts';
import type { TranslationContext } from './context.ts';
import { isReferencePermitted } from './references.ts';

/** A reference to something that requests are sent to. */
export interface BackendReference {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly port?: number;
  readonly weight?: number;
}

/** The destination of a VirtualService; without a host nothing can be reached there and requests are answered 500. */
export interface Destination {
  readonly host?: string;
  readonly port?: { readonly number: number };
}

/** Who refers to a backend. */
export interface Referrer {
  readonly kind: string;
  readonly namespace: string;
  /** Whether the reference holds for clients in the mesh rather than for a gateway. They reach every service anyway, so they need no ReferenceGrant. */
  readonly isMesh: boolean;
}

/** What requests can be sent to, by API group. Services of the same name are one service in all clusters, so what another cluster exports is the service itself. */
const knownKinds: Readonly<Record<string, readonly string[]>> = {
  '': ['Service'],
  'networking.istio.io': ['Hostname', 'ServiceEntry'],
  'multicluster.x-k8s.io': ['ServiceImport'],
};

/** The destination of a backend, and what is wrong with it. A backend that is not there keeps its share of the requests, which fail. */
export function resolveBackend(
  reference: BackendReference,
  referrer: Referrer,
  context: TranslationContext,
): { readonly destination: Destination; readonly problem: Finding | null } {
  const { group = '', kind = 'Service', name = '', namespace = referrer.namespace, port } = reference;
  const refuse = (reason: string, message: string, destination: Destination = {}) => ({
    destination,
    problem: { type: 'ResolvedRefs', isTrue: false, reason, message },
  });
  const known = knownKinds[group]?.includes(kind) ?? false;
  if (!known) return refuse('InvalidKind', `Requests cannot be sent to ${kind}${group === '' ? '' : `.${group}`}`);
  const from = { group: 'gateway.networking.k8s.io', kind: referrer.kind, namespace: referrer.namespace };
  if (kind !== 'Hostname' && !referrer.isMesh && !isReferencePermitted(context.set, from, { group, kind, namespace, name })) {
    return refuse('RefNotPermitted', `No ReferenceGrant permits the reference to ${kind} ${name} in namespace ${namespace}`);
  }
  if (port === undefined) return refuse('UnsupportedValue', `The reference to ${kind} ${name} needs a port`);
  const host = backendHost(kind, namespace, name, context);
  const destination = { host: host ?? `${name}.${namespace}.svc.${context.domain}`, port: { number: port } };
  if (!exists(kind, namespace, name, context))
    return refuse('BackendNotFound', `${kind} ${name} in namespace ${namespace} does not exist`, destination);
  return { destination, problem: null };
}

function backendHost(kind: string, namespace: string, name: string, context: TranslationContext): string | null {
  if (kind === 'Hostname') return name;
  if (kind === 'ServiceEntry') return context.set.get('ServiceEntry', namespace, name)?.spec?.hosts?.[0] ?? null;
  return `${name}.${namespace}.svc.${context.domain}`;
}

function exists(kind: string, namespace: string, name: string, context: TranslationContext): boolean {
  if (kind === 'Service' || kind === 'ServiceImport') return context.set.get('Service', namespace, name) !== null;
  if (kind === 'ServiceEntry') return context.set.get('ServiceEntry', namespace, name) !== null;
  if (context.set.ofKind('ServiceEntry').some((entry) => (entry.spec?.hosts ?? []).includes(name))) return true;
  return context.set.ofKind('Service').some((service) => `${service.ref.name}.${service.ref.namespace}.svc.${context.domain}` === name);
}
