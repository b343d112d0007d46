import type { KubernetesGateway, ResourceSet } from '../../resource/kinds.ts';
import type { Resource } from '../../resource/resource.ts';
import { type Condition, conditions, controllerName, type Finding } from './condition.ts';
import { type ApiListener, servedGateways } from './listeners.ts';
import type { Attachment } from './parents.ts';
import type { GatewayApiTranslation, RouteOutcome } from './translate.ts';

type Status = Readonly<Record<string, unknown>>;

/** The Gateway API resources of a mesh with the status that Weft gives them, as they would be written; what other controllers wrote stays. */
export function withStatus(set: ResourceSet, translation: GatewayApiTranslation): readonly Readonly<Record<string, unknown>>[] {
  const written: Readonly<Record<string, unknown>>[] = [];
  for (const gatewayClass of set.ofKind('GatewayClass')) {
    if (gatewayClass.spec?.controllerName !== controllerName) continue;
    const accepted: Finding = { type: 'Accepted', isTrue: true, reason: 'Accepted', message: 'Weft serves this class' };
    written.push(put(gatewayClass, { conditions: conditions([accepted], gatewayClass.raw, statusOf(gatewayClass).conditions) }));
  }
  for (const gateway of servedGateways(set)) written.push(put(gateway, gatewayStatus(gateway, translation)));
  for (const listenerSet of set.ofKind('ListenerSet')) {
    const own = translation.listeners.filter(({ owner }) => owner === listenerSet);
    written.push(put(listenerSet, listenerSetStatus(listenerSet, own, translation)));
  }
  for (const outcome of translation.routes) written.push(put(outcome.route, routeStatus(outcome)));
  for (const { policy, findings } of translation.backendTls) {
    const ancestors = (policy.spec?.targetRefs ?? []).map((target) => ({
      ancestorRef: { group: target?.group ?? '', kind: target?.kind ?? '', name: target?.name ?? '', namespace: policy.ref.namespace },
      controllerName,
      conditions: conditions(findings, policy.raw, undefined),
    }));
    written.push(put(policy, { ...statusOf(policy), ancestors }));
  }
  return written;
}

function put(resource: Resource, status: Status): Readonly<Record<string, unknown>> {
  return { ...resource.raw, status };
}

function statusOf(resource: Resource): Status {
  const { status } = resource.raw;
  return status !== null && typeof status === 'object' ? (status as Status) : {};
}

function gatewayStatus(gateway: KubernetesGateway, translation: GatewayApiTranslation): Status {
  const own = translation.listeners.filter(({ owner, ownerKind }) => ownerKind === 'Gateway' && owner === gateway);
  const bad = own.filter((listener) => !listener.isServed);
  const isAccepted = own.length > bad.length || own.length === 0;
  const listenerReason = bad.length > 0 ? 'ListenersNotValid' : 'Accepted';
  const findings: Finding[] = [
    {
      type: 'Accepted',
      isTrue: isAccepted,
      reason: listenerReason,
      message: bad.length > 0 ? `Not served: ${bad.map(({ name }) => name).join(', ')}` : 'The Gateway is valid',
    },
    {
      type: 'Programmed',
      isTrue: isAccepted,
      reason: isAccepted ? 'Programmed' : 'Invalid',
      message: isAccepted ? 'The Gateway is served' : 'No listener can be served',
    },
  ];
  const before = statusOf(gateway);
  const sets = new Set(
    translation.listeners
      .filter((listener) => listener.gateway === gateway && listener.ownerKind === 'ListenerSet')
      .map(({ owner }) => owner),
  );
  return {
    ...before,
    conditions: conditions(findings, gateway.raw, before.conditions),
    ...(sets.size > 0 && { attachedListenerSets: sets.size }),
    listeners: own.map((listener) => listenerStatus(listener, before.listeners, translation)),
  };
}

function listenerSetStatus(listenerSet: Resource, own: readonly ApiListener[], translation: GatewayApiTranslation): Status {
  const before = statusOf(listenerSet);
  const isAllowed = own.length > 0;
  const isValid = own.some((listener) => listener.isServed);
  const reason = !isAllowed ? 'NotAllowed' : isValid ? 'Accepted' : 'ListenersNotValid';
  const message = !isAllowed
    ? 'The Gateway does not admit this ListenerSet'
    : isValid
      ? 'The ListenerSet is valid'
      : 'No listener can be served';
  const findings: Finding[] = [
    { type: 'Accepted', isTrue: isAllowed && isValid, reason, message },
    { type: 'Programmed', isTrue: isValid, reason: isValid ? 'Programmed' : isAllowed ? 'Invalid' : 'NotAllowed', message },
  ];
  return {
    conditions: conditions(findings, listenerSet.raw, before.conditions),
    ...(isAllowed && { listeners: own.map((listener) => listenerStatus(listener, before.listeners, translation)) }),
  };
}

function listenerStatus(listener: ApiListener, before: unknown, translation: GatewayApiTranslation): Status {
  const old = Array.isArray(before) ? before.find((entry) => entry?.name === listener.name) : undefined;
  const attachedRoutes = translation.routes.filter(({ attachments }) =>
    attachments.some(({ accepted, listeners }) => accepted.isTrue && listeners.includes(listener)),
  ).length;
  return {
    name: listener.name,
    attachedRoutes,
    supportedKinds: listener.supportedKinds,
    conditions: conditions(listener.findings, listener.owner.raw, old?.conditions),
  };
}

/** One entry for each parent; entries of other controllers come after, as they were. */
function routeStatus({ route, attachments, resolved, refused }: RouteOutcome): Status {
  const before = statusOf(route);
  const entries: readonly { readonly controllerName?: string; readonly parentRef?: unknown; readonly conditions?: unknown }[] =
    Array.isArray(before.parents) ? before.parents : [];
  const own = entries.filter((entry) => entry?.controllerName === controllerName);
  const foreign = entries.filter((entry) => entry?.controllerName !== controllerName);
  const parents = attachments.map(({ parent, accepted }: Attachment) => {
    const old = own.find((entry) => JSON.stringify(entry.parentRef) === JSON.stringify(parent.written));
    const findings = [accepted.isTrue && refused ? refused : accepted, resolved];
    const list: readonly Condition[] = conditions(findings, route.raw, old?.conditions);
    return { parentRef: parent.written, controllerName, conditions: list };
  });
  return { ...before, parents: [...parents, ...foreign] };
}
