import { hostMatches } from '../../base/hosts.ts';
import type { Resource } from '../../resource/resource.ts';
import type { Finding } from './condition.ts';
import { gatewayApiGroup, type TranslationContext } from './context.ts';
import { servedGateways } from './gateway-classes.ts';
import type { ApiListener } from './listeners.ts';

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
  /** Whether the parent is a service rather than a gateway. */
  readonly isMesh: boolean;
  /** Listeners that the route is attached to, served or not; empty for services. */
  readonly listeners: readonly ApiListener[];
  /** Hosts of the service; empty for gateways. */
  readonly services: readonly string[];
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
    const isService = parent.group === '' && parent.kind === 'Service';
    const isEntry = parent.group === 'networking.istio.io' && parent.kind === 'ServiceEntry';
    return isService || isEntry ? [toService(route, parent, context)] : [];
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
    { parent, isMesh: false, listeners: [], services: [], accepted: { type: 'Accepted', isTrue: false, reason, message } },
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
  return [{ parent, isMesh: false, listeners: permitted, services: [], accepted: acceptedFinding }];
}

const acceptedFinding: Finding = { type: 'Accepted', isTrue: true, reason: 'Accepted', message: 'The route is valid' };

/** A parent that is a service of the mesh: the empty group of Kubernetes' own kinds must be written out. A ServiceEntry stands for all of its hosts. */
function toService(route: Resource<RouteSpec>, parent: ParentReference, context: TranslationContext): Attachment {
  const { kind, namespace, name, port } = parent;
  const refuse = (message: string): Attachment => ({
    parent,
    isMesh: true,
    listeners: [],
    services: [],
    accepted: { type: 'Accepted', isTrue: false, reason: 'NoMatchingParent', message },
  });
  const found = kind === 'Service' ? serviceParent(namespace, name, context) : serviceEntryParent(namespace, name, context);
  if (found === null) return refuse(`${kind} ${namespace}/${name} does not exist`);
  if (port !== null && !found.ports.includes(port)) {
    return refuse(`${kind} ${namespace}/${name} has no port ${port}, which ${route.ref.kind} ${route.ref.name} names`);
  }
  return { parent, isMesh: true, listeners: [], services: found.hosts, accepted: acceptedFinding };
}

interface ServiceParent {
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
}

function serviceParent(namespace: string, name: string, { set, domain }: TranslationContext): ServiceParent | null {
  const service = set.get('Service', namespace, name);
  if (service === null) return null;
  return { hosts: [`${name}.${namespace}.svc.${domain}`], ports: (service.spec?.ports ?? []).map((port) => port?.port ?? 0) };
}

function serviceEntryParent(namespace: string, name: string, { set }: TranslationContext): ServiceParent | null {
  const entry = set.get('ServiceEntry', namespace, name);
  if (entry === null) return null;
  return {
    hosts: (entry.spec?.hosts ?? []).map((host) => host.toLowerCase()),
    ports: (entry.spec?.ports ?? []).map((port) => port?.number ?? 0),
  };
}
