import type { GatewayClass, KubernetesGateway, ResourceSet } from '../../resource/kinds.ts';
import type { Resource } from '../../resource/resource.ts';
import { type Condition, conditions, controllerName, type Finding } from './condition.ts';
import { gatewayAddresses } from './gateway-addresses.ts';
import { remoteControllerName, remoteGateways, servedGateways } from './gateway-classes.ts';
import { type ApiListener, parentGateway } from './listeners.ts';
import { policyStatus } from './policy-status.ts';
import type { GatewayApiTranslation, RouteOutcome } from './translate.ts';

type Status = Readonly<Record<string, unknown>>;
type Written = Readonly<Record<string, unknown>>;

/** The Gateway API resources of a mesh with the status that Weft gives them, as they would be written; what other controllers wrote stays. */
export function withStatus(set: ResourceSet, translation: GatewayApiTranslation): readonly Written[] {
  return [
    ...set.ofKind('GatewayClass').flatMap((gatewayClass) => classStatus(gatewayClass)),
    ...servedGateways(set).map((gateway) => put(gateway, gatewayStatus(set, gateway, translation))),
    ...remoteGateways(set).map((gateway) => put(gateway, remoteStatus(gateway))),
    ...set.ofKind('ListenerSet').flatMap((listenerSet) => {
      const gateway = parentGateway(set, listenerSet);
      return gateway === null ? [] : [put(listenerSet, listenerSetStatus(listenerSet, translation))];
    }),
    ...translation.routes.map((outcome) => put(outcome.route, routeStatus(outcome))),
    ...translation.backendTls.map((translated) =>
      put(translated.policy, policyStatus(translated, statusOf(translated.policy), translation)),
    ),
  ];
}

function classStatus(gatewayClass: GatewayClass): readonly Written[] {
  const { controllerName: controller } = gatewayClass.spec ?? {};
  if (controller !== controllerName && controller !== remoteControllerName) return [];
  const accepted: Finding = { type: 'Accepted', isTrue: true, reason: 'Accepted', message: 'Weft serves this class' };
  return [put(gatewayClass, { conditions: conditions([accepted], gatewayClass.raw, statusOf(gatewayClass).conditions) })];
}

function put(resource: Resource, status: Status): Written {
  return { ...resource.raw, status };
}

function statusOf(resource: Resource): Status {
  const { status } = resource.raw;
  return status !== null && typeof status === 'object' ? (status as Status) : {};
}

function gatewayStatus(set: ResourceSet, gateway: KubernetesGateway, translation: GatewayApiTranslation): Status {
  const own = translation.listeners.filter(({ owner, ownerKind }) => ownerKind === 'Gateway' && owner === gateway);
  const before = statusOf(gateway);
  const sets = new Set(
    translation.listeners
      .filter((listener) => listener.gateway === gateway && listener.ownerKind === 'ListenerSet' && listener.isServed)
      .map(({ owner }) => owner),
  );
  const addresses = reportedAddresses(set, gateway, translation.domain);
  return {
    ...before,
    ...(addresses.length > 0 && { addresses }),
    conditions: conditions(gatewayFindings(set, gateway, translation.domain), gateway.raw, before.conditions),
    ...(sets.size > 0 && { attachedListenerSets: sets.size }),
    listeners: own.map((listener) => listenerStatus(listener, before.listeners, translation)),
  };
}

/** Gateways of other places count as they say of themselves. */
function remoteStatus(gateway: KubernetesGateway): Status {
  const before = statusOf(gateway);
  const { listeners, ...rest } = before;
  const findings: readonly Finding[] = [
    { type: 'Accepted', isTrue: true, reason: 'Accepted', message: 'The Gateway is valid' },
    { type: 'Programmed', isTrue: true, reason: 'Programmed', message: 'The Gateway is somewhere else and not served here' },
  ];
  return { ...rest, addresses: gateway.spec?.addresses ?? [], conditions: conditions(findings, gateway.raw, before.conditions) };
}

/** A Gateway counts as programmed when the services it is reached by exist and have its ports; what is wrong with a listener stands with the listener. */
function gatewayFindings(set: ResourceSet, gateway: KubernetesGateway, domain: string): readonly Finding[] {
  const { services, unsupported } = gatewayAddresses({ domain }, gateway);
  const refused = {
    isTrue: false,
    reason: 'UnsupportedAddress',
    message: `Only names of services can be addresses, not ${unsupported.join(', ')}`,
  };
  if (services.length === 0) {
    return [
      { type: 'Accepted', ...refused },
      { type: 'Programmed', ...refused },
    ];
  }
  const valid: Finding = { type: 'Accepted', isTrue: true, reason: 'Accepted', message: 'The Gateway is valid' };
  const accepted: Finding = unsupported.length > 0 ? { type: 'Accepted', ...refused } : valid;
  const resolved: Finding = { type: 'ResolvedRefs', isTrue: true, reason: 'ResolvedRefs', message: 'All references are resolved' };
  const missing = missingAddress(set, gateway, domain);
  const programmed: Finding =
    missing === null
      ? { type: 'Programmed', isTrue: true, reason: 'Programmed', message: 'The Gateway is served' }
      : { type: 'Programmed', isTrue: false, reason: 'AddressNotUsable', message: missing };
  return [accepted, resolved, programmed];
}

function missingAddress(set: ResourceSet, gateway: KubernetesGateway, domain: string): string | null {
  const wanted = new Set((gateway.spec?.listeners ?? []).map((listener) => listener?.port ?? 0));
  for (const host of gatewayAddresses({ domain }, gateway).services) {
    const service = serviceOf(set, host);
    if (service === null) return `Service ${host} does not exist`;
    const ports = new Set((service.spec?.ports ?? []).map((port) => port?.port ?? 0));
    for (const port of wanted) if (!ports.has(port)) return `Service ${host} has no port ${port}`;
  }
  return null;
}

function reportedAddresses(set: ResourceSet, gateway: KubernetesGateway, domain: string): readonly Status[] {
  if (missingAddress(set, gateway, domain) !== null) return [];
  return gatewayAddresses({ domain }, gateway).services.flatMap((host): Status[] => {
    const given = serviceOf(set, host)?.raw.status?.loadBalancer?.ingress ?? [];
    if (given.length === 0) return [{ type: 'Hostname', value: host }];
    return given.map(({ ip, hostname }) => (ip ? { type: 'IPAddress', value: ip } : { type: 'Hostname', value: hostname ?? '' }));
  });
}

function serviceOf(set: ResourceSet, host: string) {
  const [name = '', namespace = ''] = host.split('.');
  return set.get('Service', namespace, name);
}

function listenerSetStatus(listenerSet: Resource, translation: GatewayApiTranslation): Status {
  const own = translation.listeners.filter(({ owner }) => owner === listenerSet);
  const before = statusOf(listenerSet);
  const isAllowed = own.length > 0;
  const isValid = own.some((listener) => listener.isServed);
  const reason = isAllowed ? 'ListenersNotValid' : 'NotAllowed';
  const message = isAllowed ? 'No listener can be served' : 'The Gateway does not admit this ListenerSet';
  const finding = (type: 'Accepted' | 'Programmed'): Finding =>
    isValid ? { type, isTrue: true, reason: type, message: 'The ListenerSet is served' } : { type, isTrue: false, reason, message };
  return {
    conditions: conditions([finding('Accepted'), finding('Programmed')], listenerSet.raw, before.conditions),
    ...(isAllowed && { listeners: own.map((listener) => listenerStatus(listener, before.listeners, translation)) }),
  };
}

/** Routes count as attached whether the listener can be served or not. */
function listenerStatus(listener: ApiListener, before: unknown, translation: GatewayApiTranslation): Status {
  const old = Array.isArray(before) ? before.find((entry) => entry?.name === listener.name) : undefined;
  const attachedRoutes = translation.routes.filter(({ attachments }) =>
    attachments.some(({ refused, listeners }) => refused === null && listeners.includes(listener)),
  ).length;
  return {
    name: listener.name,
    attachedRoutes,
    supportedKinds: listener.supportedKinds,
    conditions: conditions(listener.findings, listener.owner.raw, old?.conditions),
  };
}

/** One entry for each parent; entries of other controllers come after, as they were. */
function routeStatus({ route, attachments }: RouteOutcome): Status {
  const before = statusOf(route);
  const entries: readonly { readonly controllerName?: string; readonly parentRef?: unknown; readonly conditions?: unknown }[] =
    Array.isArray(before.parents) ? before.parents : [];
  const own = entries.filter((entry) => entry?.controllerName === controllerName);
  const foreign = entries.filter((entry) => entry?.controllerName !== controllerName);
  const parents = attachments.map(({ parent, accepted, resolved, refused }) => {
    const old = own.find((entry) => JSON.stringify(entry.parentRef) === JSON.stringify(parent.written));
    const findings = [accepted.isTrue && refused ? refused : accepted, resolved];
    const list: readonly Condition[] = conditions(findings, route.raw, old?.conditions);
    return { parentRef: parent.written, controllerName, conditions: list };
  });
  return { ...before, parents: [...parents, ...foreign] };
}
