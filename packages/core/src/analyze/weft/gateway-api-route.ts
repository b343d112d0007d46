import type { KindKey } from '../../resource/kinds.ts';
import type { Resource } from '../../resource/resource.ts';
import type { ResourceReader } from '../analyzer.ts';
import { object, objects, portNumber, text } from '../fields.ts';

export const gatewayApiGroup = 'gateway.networking.k8s.io';

const routeKinds = ['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute'] as const satisfies readonly KindKey[];

interface Reference {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly sectionName?: string;
  readonly port?: number;
}

interface RouteSpec {
  readonly parentRefs?: readonly Reference[];
  readonly rules?: readonly {
    readonly backendRefs?: readonly (Reference & { readonly filters?: readonly RouteFilter[] })[];
    readonly filters?: readonly RouteFilter[];
  }[];
}

interface RouteFilter {
  readonly requestMirror?: { readonly backendRef?: Reference };
}

/** A reference of a route with its defaults filled in. */
export interface RouteReference {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly sectionName: string;
  readonly port: number | null;
  readonly path: string;
}

/** The routes of the Gateway API in a set. */
export function gatewayApiRoutes(set: ResourceReader): readonly Resource[] {
  return routeKinds.flatMap((kind): readonly Resource[] => set.ofKind(kind));
}

/** What a route attaches to: Gateways unless it says otherwise. */
export function parentReferences(route: Resource): readonly RouteReference[] {
  return objects(object(route.spec as RouteSpec).parentRefs).map(([index, reference]) =>
    complete(reference, route, { group: gatewayApiGroup, kind: 'Gateway' }, `spec.parentRefs[${index}]`),
  );
}

/** Where a route sends requests and copies of them: Services unless it says otherwise. */
export function backendReferences(route: Resource): readonly RouteReference[] {
  const asService = (reference: Reference, path: string): RouteReference =>
    complete(reference, route, { group: '', kind: 'Service' }, path);
  return objects(object(route.spec as RouteSpec).rules).flatMap(([ruleIndex, rule]) => {
    const base = `spec.rules[${ruleIndex}]`;
    const mirrors = (filters: readonly RouteFilter[] | undefined, path: string): readonly RouteReference[] =>
      objects(filters).flatMap(([index, filter]) => {
        const target = object(filter.requestMirror).backendRef;
        return target ? [asService(object(target), `${path}.filters[${index}].requestMirror.backendRef`)] : [];
      });
    return [
      ...mirrors(rule.filters, base),
      ...objects(rule.backendRefs).flatMap(([index, backend]) => {
        const path = `${base}.backendRefs[${index}]`;
        return [asService(backend, path), ...mirrors(backend.filters, path)];
      }),
    ];
  });
}

function complete(
  reference: Reference,
  route: Resource,
  defaults: { readonly group: string; readonly kind: string },
  path: string,
): RouteReference {
  return {
    group: reference.group ?? defaults.group,
    kind: reference.kind || defaults.kind,
    namespace: text(reference.namespace) || route.ref.namespace,
    name: text(reference.name),
    sectionName: text(reference.sectionName),
    port: portNumber(reference.port),
    path,
  };
}
