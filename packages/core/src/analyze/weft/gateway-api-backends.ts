import type { Resource } from '../../resource/resource.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { absence, fact, list, qualified } from '../proof.ts';
import type { ServiceHost } from '../service-hosts.ts';
import { backendReferences, gatewayApiGroup, gatewayApiRoutes, parentReferences, type RouteReference } from './gateway-api-route.ts';
import { isGranted } from './reference-grants.ts';

/** Backends of Gateway API routes that do not exist, lack the port, or are in a namespace that does not let the route refer to them. */
export const gatewayApiBackendsAnalyzer: SetAnalyzer = {
  name: 'k8sroute.BackendAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    for (const route of gatewayApiRoutes(context.set)) {
      for (const backend of backendReferences(route)) checkBackend(route, backend, context);
    }
  },
};

function checkBackend(route: Resource, backend: RouteReference, context: AnalyzerContext): void {
  const isService = backend.group === '' && backend.kind === 'Service';
  const isHostname = backend.group === 'networking.istio.io' && backend.kind === 'Hostname';
  if (!isService && !isHostname) return;
  const { group, kind, namespace } = route.ref;
  if (isService && needsGrants(route) && !isGranted(context.set, { group, kind, namespace }, backend)) {
    context.report({
      type: 'ReferenceNotPermitted',
      resource: route,
      path: backend.path,
      message: `Service ${qualified(backend.namespace, backend.name)} is in another namespace, which does not let ${kind}s of ${namespace} refer to it; ${fate(route, backend)}. Add a ReferenceGrant in ${backend.namespace}.`,
      proof: [
        fact(route, `${backend.path}.namespace`, `is ${backend.namespace}`),
        absence(`no ReferenceGrant in ${backend.namespace} from ${kind} in ${namespace} to Service ${backend.name}`),
      ],
    });
    return;
  }
  const host = isHostname ? backend.name : `${backend.name}.${backend.namespace}.svc.${context.domain}`;
  const service = context.index.hosts.find(isHostname ? namespace : backend.namespace, [], host);
  if (service === null) reportMissing(route, backend, context);
  else checkPort(route, backend, service, context);
}

/** A gateway must not become a way into other namespaces; routes for clients in the mesh lead nowhere that these could not go by themselves. */
function needsGrants(route: Resource): boolean {
  return parentReferences(route).some((parent) => parent.group === gatewayApiGroup);
}

function reportMissing(route: Resource, backend: RouteReference, { report }: AnalyzerContext): void {
  const name = backend.kind === 'Hostname' ? backend.name : `${qualified(backend.namespace, backend.name)}`;
  report({
    type: 'RouteBackendNotFound',
    resource: route,
    path: `${backend.path}.name`,
    message: `There is no ${backend.kind === 'Hostname' ? 'service with host' : 'Service'} ${name}; ${fate(route, backend)}. Correct the name, or create it.`,
    proof: [fact(route, `${backend.path}.name`, `is ${backend.name}`), absence(`no Service ${name}`)],
  });
}

function checkPort(route: Resource, backend: RouteReference, service: ServiceHost, { report }: AnalyzerContext): void {
  if (backend.port === null || service.ports.includes(backend.port)) return;
  report({
    type: 'RouteBackendNotFound',
    resource: route,
    path: `${backend.path}.port`,
    message: `${backend.name} has no port ${backend.port} (it has ${list(service.ports.map(String)) || 'none'}); ${fate(route, backend)}. Correct the port.`,
    proof: [
      fact(route, `${backend.path}.port`, `is ${backend.port}`),
      fact(service.resource, 'spec.ports', `are ${service.ports.join(', ')}`),
    ],
  });
}

/** What becomes of the traffic that the route sends there. */
function fate({ ref }: Resource, { path }: RouteReference): string {
  if (path.endsWith('requestMirror.backendRef')) return 'no copies are sent there';
  if (ref.kind === 'HTTPRoute') return 'requests sent there get 500';
  return ref.kind === 'GRPCRoute' ? 'calls sent there fail' : 'connections sent there are closed';
}
