import { resolveHost } from '../base/hosts.ts';
import type { VirtualService, VirtualServiceSpec } from '../resource/kinds.ts';
import { compareAge } from '../resource/resource-set.ts';
import { mergeDelegate } from './delegate.ts';
import { isExportedTo, resolveExports } from './exports.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { HttpRouteSpec, Rule, TcpRouteSpec, TlsRouteSpec, VirtualServiceRules } from './virtual-service.ts';
import { withHash } from './with-hash.ts';

/** Marks VirtualServices that were made from routes of the Gateway API. */
const semanticsAnnotation = 'internal.istio.io/route-semantics';

/** The rules of all VirtualServices, oldest first: host names completed, delegates merged into the routes that name them. */
export function resolveVirtualServices(resources: readonly VirtualService[], settings: MeshSettings): readonly VirtualServiceRules[] {
  const sorted = [...resources].sort(compareAge);
  const delegates = new Map(
    sorted.filter((resource) => isDelegate(resource.spec)).map((resource) => [`${resource.ref.namespace}/${resource.ref.name}`, resource]),
  );
  return sorted.filter((resource) => !isDelegate(resource.spec)).map((resource) => resolveRules(resource, delegates, settings));
}

function isDelegate(spec: VirtualServiceSpec | undefined): boolean {
  return !spec?.hosts || spec.hosts.length === 0;
}

function resolveRules(
  resource: VirtualService,
  delegates: ReadonlyMap<string, VirtualService>,
  settings: MeshSettings,
): VirtualServiceRules {
  const { namespace } = resource.ref;
  const spec = resource.spec ?? {};
  const hostOf = (host: string | undefined, ns = namespace) => resolveHost(host ?? '', ns, settings.domain).toLowerCase();
  const http = (spec.http ?? []).flatMap((route, index): Rule<HttpRouteSpec>[] => {
    const own = { spec: resolveHttp(route, (host) => hostOf(host), namespace), ref: resource.ref, path: `spec.http[${index}]` };
    if (!route.delegate) return [own];
    const delegate = delegates.get(`${route.delegate.namespace || namespace}/${route.delegate.name ?? ''}`);
    if (!delegate || !isExportedTo(exportsOf(delegate, settings), namespace)) return [];
    const delegateNamespace = delegate.ref.namespace;
    return (delegate.spec?.http ?? []).flatMap((sub, subIndex) => {
      const merged = mergeDelegate(
        own.spec,
        resolveHttp(sub, (host) => hostOf(host, delegateNamespace), delegateNamespace),
      );
      return merged ? [{ spec: merged, ref: delegate.ref, path: `spec.http[${subIndex}]` }] : [];
    });
  });
  const value = {
    ref: resource.ref,
    createdAt: resource.createdAt,
    hosts: [...new Set((spec.hosts ?? []).map((host) => hostOf(host)))],
    gateways: gatewayNames(spec.gateways, namespace),
    exportTo: exportsOf(resource, settings),
    http,
    tcp: (spec.tcp ?? []).map(
      (route, index): Rule<TcpRouteSpec> => ({
        spec: resolveL4(route, (host) => hostOf(host), namespace),
        ref: resource.ref,
        path: `spec.tcp[${index}]`,
      }),
    ),
    tls: (spec.tls ?? []).map(
      (route, index): Rule<TlsRouteSpec> => ({
        spec: resolveL4(route, (host) => hostOf(host), namespace),
        ref: resource.ref,
        path: `spec.tls[${index}]`,
      }),
    ),
    semantics: resource.annotations[semanticsAnnotation] === 'gateway' ? ('gateway-api' as const) : ('istio' as const),
  };
  return withHash(value);
}

function exportsOf(resource: VirtualService, settings: MeshSettings): readonly string[] {
  return resolveExports(resource.spec?.exportTo, resource.ref.namespace, settings.meshConfig.defaultVirtualServiceExportTo);
}

/** Names of gateways as `namespace/name`; without any, the mesh. A name with dots is the old `name.namespace.svc.domain` form and stays as it is. */
function gatewayNames(gateways: readonly string[] | undefined, namespace: string): readonly string[] {
  if (!gateways || gateways.length === 0) return ['mesh'];
  return gateways.map((name) => gatewayName(name, namespace));
}

function gatewayName(name: string, namespace: string): string {
  if (name === 'mesh' || name === '') return name;
  if (name.includes('/')) {
    const [first = '', rest = ''] = name.split('/', 2);
    return first === '.' ? `${namespace}/${rest}` : name;
  }
  const [short = '', dottedNamespace] = name.split('.');
  return dottedNamespace ? `${dottedNamespace}/${short}` : `${namespace}/${name}`;
}

type ResolveName = (host: string | undefined) => string;

function resolveHttp(route: HttpRouteSpec, hostOf: ResolveName, namespace: string): HttpRouteSpec {
  return {
    ...route,
    ...(route.match
      ? { match: route.match.map((match) => (match?.gateways ? { ...match, gateways: gatewayNames(match.gateways, namespace) } : match)) }
      : {}),
    ...(route.route ? { route: route.route.map((entry) => withHost(entry, hostOf)) } : {}),
    ...(route.mirror ? { mirror: { ...route.mirror, host: hostOf(route.mirror.host) } } : {}),
    ...(route.mirrors ? { mirrors: route.mirrors.map((entry) => withHost(entry, hostOf)) } : {}),
  };
}

function resolveL4<R extends TcpRouteSpec | TlsRouteSpec>(route: R, hostOf: ResolveName, namespace: string): R {
  const match = route.match?.map((entry) => (entry?.gateways ? { ...entry, gateways: gatewayNames(entry.gateways, namespace) } : entry));
  return { ...route, ...(match ? { match } : {}), ...(route.route ? { route: route.route.map((entry) => withHost(entry, hostOf)) } : {}) };
}

function withHost<E extends { readonly destination?: { readonly host?: string } }>(entry: E, hostOf: ResolveName): E {
  return entry.destination ? { ...entry, destination: { ...entry.destination, host: hostOf(entry.destination.host) } } : entry;
}
