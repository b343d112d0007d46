import { hostMatches } from '../../base/hosts.ts';
import type { Resource } from '../../resource/resource.ts';
import type { Finding } from './condition.ts';
import { gatewayApiGroup, type TranslationContext } from './context.ts';
import { type ApiListener, servedGateways } from './listeners.ts';

/** What a route says it belongs to, its defaults filled in. */
export interface ParentReference {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly sectionName: string;
  readonly port: number | null;
  /** As written, for the status. */
  readonly written: Readonly<Record<string, unknown>>;
}

/** A parent that Weft answers for, with what the route gets there. */
export interface Attachment {
  readonly parent: ParentReference;
  /** Listeners whose servers take the route; empty for services. */
  readonly listeners: readonly ApiListener[];
  /** Host of the service, or null for gateways. */
  readonly service: string | null;
  readonly accepted: Finding;
}

interface RouteSpec {
  readonly parentRefs?: readonly (Readonly<Record<string, unknown>> | undefined)[];
  readonly hostnames?: readonly string[];
}

/** The attachments of a route to the parents that Weft serves; parents of other controllers are passed over in silence. */
export function attachments(
  route: Resource<RouteSpec>,
  listeners: readonly ApiListener[],
  context: TranslationContext,
): readonly Attachment[] {
  return (route.spec?.parentRefs ?? []).flatMap((written) => {
    const parent = parentReference(written ?? {}, route.ref.namespace);
    if (parent.group === gatewayApiGroup && (parent.kind === 'Gateway' || parent.kind === 'ListenerSet'))
      return toGateway(route, parent, listeners, context);
    const service = serviceHost(parent, context);
    return service === null ? [] : [{ parent, listeners: [], service, accepted: serviceFinding(route, parent, service, context) }];
  });
}

/** Whether any host of the route is one of the listener's; a route or listener without hosts takes all. */
export function hostnamesMeet(route: RouteSpec, hostname: string): boolean {
  const hostnames = route.hostnames ?? [];
  if (hostname === '' || hostnames.length === 0) return true;
  return hostnames.some((own) => hostMatches(own, hostname));
}

function parentReference(written: Readonly<Record<string, unknown>>, namespace: string): ParentReference {
  const text = (key: string, fallback: string) => (typeof written[key] === 'string' ? written[key] : fallback);
  return {
    group: text('group', gatewayApiGroup),
    kind: text('kind', 'Gateway'),
    namespace: text('namespace', namespace),
    name: text('name', ''),
    sectionName: text('sectionName', ''),
    port: typeof written.port === 'number' ? written.port : null,
    written,
  };
}

function toGateway(
  route: Resource<RouteSpec>,
  parent: ParentReference,
  listeners: readonly ApiListener[],
  context: TranslationContext,
): readonly Attachment[] {
  const own = listeners.filter(
    ({ owner, ownerKind }) => ownerKind === parent.kind && owner.ref.name === parent.name && owner.ref.namespace === parent.namespace,
  );
  const isOurs =
    own.length > 0 ||
    servedGateways(context.set).some(
      (gateway) => parent.kind === 'Gateway' && gateway.ref.name === parent.name && gateway.ref.namespace === parent.namespace,
    );
  if (!isOurs) return [];
  const refuse = (reason: string, message: string): readonly Attachment[] => [
    { parent, listeners: [], service: null, accepted: { type: 'Accepted', isTrue: false, reason, message } },
  ];
  const named = own.filter(
    (listener) =>
      (parent.sectionName === '' || listener.name === parent.sectionName) && (parent.port === null || listener.port === parent.port),
  );
  if (named.length === 0) return refuse('NoMatchingParent', `${parent.kind} ${parent.namespace}/${parent.name} has no such listener`);
  const meeting = named.filter((listener) => hostnamesMeet(route.spec ?? {}, listener.hostname));
  if (meeting.length === 0) return refuse('NoMatchingListenerHostname', 'No host of the route is a host of the listener');
  const permitted = meeting.filter(
    (listener) => listener.supportedKinds.some((kind) => kind.kind === route.ref.kind) && listener.allowsNamespace(route.ref.namespace),
  );
  if (permitted.length === 0) return refuse('NotAllowedByListeners', 'No listener takes routes of this kind from this namespace');
  const served = permitted.filter((listener) => listener.isServed);
  return [{ parent, listeners: served, service: null, accepted: acceptedFinding }];
}

const acceptedFinding: Finding = { type: 'Accepted', isTrue: true, reason: 'Accepted', message: 'The route is valid' };

/** The host of a parent that is a service of the mesh; null for anything else. The empty group of Kubernetes must be written out. */
function serviceHost(parent: ParentReference, context: TranslationContext): string | null {
  if (parent.group === '' && parent.kind === 'Service') return `${parent.name}.${parent.namespace}.svc.${context.domain}`;
  if (parent.group === 'networking.istio.io' && parent.kind === 'ServiceEntry') {
    return context.set.get('ServiceEntry', parent.namespace, parent.name)?.spec?.hosts?.[0] ?? null;
  }
  return null;
}

function serviceFinding(route: Resource<RouteSpec>, parent: ParentReference, host: string, context: TranslationContext): Finding {
  if (parent.kind !== 'Service') return acceptedFinding;
  const service = context.set.get('Service', parent.namespace, parent.name);
  const hasPort = parent.port === null || (service?.spec?.ports ?? []).some((port) => port?.port === parent.port);
  if (service !== null && !hasPort) {
    return {
      type: 'Accepted',
      isTrue: false,
      reason: 'NoMatchingParent',
      message: `Service ${host} has no port ${parent.port}, which ${route.ref.kind} ${route.ref.name} names`,
    };
  }
  return acceptedFinding;
}
