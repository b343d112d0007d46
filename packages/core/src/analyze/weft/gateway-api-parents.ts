import { selectsByExpressions } from '../../base/labels.ts';
import type { KubernetesGateway } from '../../resource/kinds.ts';
import type { Resource } from '../../resource/resource.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, text } from '../fields.ts';
import { absence, fact, nameOf, qualified } from '../proof.ts';
import { gatewayApiGroup, gatewayApiRoutes, parentReferences, type RouteReference } from './gateway-api-route.ts';
import { isGranted } from './reference-grants.ts';

/** Gateway API routes that attach to nothing, and listeners whose certificate is not there. */
export const gatewayApiParentsAnalyzer: SetAnalyzer = {
  name: 'k8sroute.ParentAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    for (const route of gatewayApiRoutes(context.set)) {
      for (const parent of parentReferences(route)) checkParent(route, parent, context);
    }
    for (const gateway of context.set.ofKind('KubernetesGateway')) checkCertificates(gateway, context);
  },
};

function checkParent(route: Resource, parent: RouteReference, context: AnalyzerContext): void {
  const { set } = context;
  if (parent.group === gatewayApiGroup && parent.kind === 'Gateway') {
    const gateway = set.get('KubernetesGateway', parent.namespace, parent.name);
    if (gateway === null) reportMissing(route, parent, context);
    else checkListeners(route, parent, gateway, context);
  }
  if (parent.group === gatewayApiGroup && parent.kind === 'ListenerSet' && set.get('ListenerSet', parent.namespace, parent.name) === null) {
    reportMissing(route, parent, context);
  }
  if (parent.group === '' && parent.kind === 'Service' && set.get('Service', parent.namespace, parent.name) === null)
    reportMissing(route, parent, context);
}

function reportMissing(route: Resource, parent: RouteReference, { report }: AnalyzerContext): void {
  report({
    type: 'RouteParentNotFound',
    resource: route,
    path: `${parent.path}.name`,
    message: `There is no ${parent.kind} ${qualified(parent.namespace, parent.name)}, so this route is not served there. Correct the reference, or create it.`,
    proof: [
      fact(route, `${parent.path}.name`, `is ${parent.name}`),
      absence(`no ${parent.kind} ${qualified(parent.namespace, parent.name)}`),
    ],
  });
}

function checkListeners(route: Resource, parent: RouteReference, gateway: KubernetesGateway, context: AnalyzerContext): void {
  const listeners = objects(object(gateway.spec).listeners).map(([, listener]) => listener);
  const named = listeners.filter(
    (listener) => (!parent.sectionName || listener.name === parent.sectionName) && (parent.port === null || listener.port === parent.port),
  );
  const allowed = named.filter((listener) => isAllowed(route, gateway, object(object(listener.allowedRoutes).namespaces), context));
  if (allowed.length > 0) return;
  const isUnnamed = named.length === 0;
  context.report({
    type: 'RouteParentNotFound',
    resource: route,
    path: isUnnamed && parent.sectionName ? `${parent.path}.sectionName` : parent.path,
    message: isUnnamed
      ? `Gateway ${nameOf(gateway)} has no listener ${parent.sectionName || `on port ${parent.port}`}, so this route is not served there. Correct the reference.`
      : `Gateway ${nameOf(gateway)} takes no routes from namespace ${route.ref.namespace}, so this route is not served there. Allow the namespace in the listener's allowedRoutes.`,
    proof: [
      fact(route, parent.path, `refers to ${nameOf(gateway)}`),
      fact(gateway, 'spec.listeners', isUnnamed ? 'has no such listener' : 'allows other namespaces only'),
    ],
  });
}

interface AllowedNamespaces {
  readonly from?: string;
  readonly selector?: Parameters<typeof selectsByExpressions>[0];
}

function isAllowed(
  route: Resource,
  gateway: KubernetesGateway,
  namespaces: Partial<AllowedNamespaces>,
  { index }: AnalyzerContext,
): boolean {
  switch (namespaces.from ?? 'Same') {
    case 'All':
      return true;
    case 'Selector': {
      const namespace = index.namespace(route.ref.namespace);
      // Kubernetes gives every namespace this label.
      const labels = { 'kubernetes.io/metadata.name': route.ref.namespace, ...namespace?.labels };
      return selectsByExpressions(namespaces.selector, labels) || (namespace === null && !index.knowsNamespaces);
    }
    case 'Same':
      return route.ref.namespace === gateway.ref.namespace;
    default:
      return false;
  }
}

function checkCertificates(gateway: KubernetesGateway, { set, report }: AnalyzerContext): void {
  for (const [listenerIndex, listener] of objects(object(gateway.spec).listeners)) {
    for (const [at, reference] of objects(object(listener.tls).certificateRefs)) {
      if ((reference.group ?? '') !== '' || (reference.kind ?? 'Secret') !== 'Secret') continue;
      const path = `spec.listeners[${listenerIndex}].tls.certificateRefs[${at}]`;
      const target = {
        group: '',
        kind: 'Secret',
        namespace: text(reference.namespace) || gateway.ref.namespace,
        name: text(reference.name),
      };
      const name = qualified(target.namespace, target.name);
      if (!isGranted(set, { group: gatewayApiGroup, kind: 'Gateway', namespace: gateway.ref.namespace }, target)) {
        report({
          type: 'ReferenceNotPermitted',
          resource: gateway,
          path,
          message: `Secret ${name} is in another namespace, which does not let Gateways of ${gateway.ref.namespace} refer to it; the listener is not served. Add a ReferenceGrant in ${target.namespace}.`,
          proof: [fact(gateway, path, `refers to ${name}`), absence(`no ReferenceGrant in ${target.namespace} for it`)],
        });
      } else if (set.get('Secret', target.namespace, target.name) === null) {
        report({
          type: 'ReferencedResourceNotFound',
          resource: gateway,
          path: `${path}.name`,
          message: `There is no Secret ${name}; the listener is not served without its certificate. Create the Secret.`,
          proof: [fact(gateway, `${path}.name`, `is ${target.name}`), absence(`no Secret ${name}`)],
        });
      }
    }
  }
}
