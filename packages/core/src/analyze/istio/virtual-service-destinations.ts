import type { VirtualService } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, strings, text } from '../fields.ts';
import { absence, fact, list, nameOf } from '../proof.ts';
import { isInstalledHost, type ServiceHost } from '../service-hosts.ts';
import { mirrorDestinations, type RouteDestination, routeDestinations } from './route-destinations.ts';

interface SubsetUse {
  readonly service: VirtualService;
  readonly host: string;
  readonly path: string;
}

/** Destinations without a service or without its port, and routes at gateways that pass by the subsets of a service. */
export const virtualServiceDestinationsAnalyzer: SetAnalyzer = {
  name: 'virtualservice.DestinationHostAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const services = context.set.ofKind('VirtualService');
    const subsetUses = services.flatMap(subsetUsesOf);
    for (const service of services) {
      for (const destination of routeDestinations(service)) checkDestination(service, destination, context);
      for (const destination of mirrorDestinations(service)) checkDestination(service, destination, context);
      checkSubsets(service, subsetUses, context);
    }
  },
};

function checkDestination(service: VirtualService, destination: RouteDestination, context: AnalyzerContext): void {
  const found = findHost(service, destination.host, context);
  if (found === null) {
    if (!context.exact && isInstalledHost(destination.host, context.domain)) return;
    context.report({
      type: 'ReferencedResourceNotFound',
      resource: service,
      path: destination.hasHost ? `${destination.path}.host` : destination.path,
      identity: identityOf(destination, destination.host),
      message: `Host ${destination.host || '(none)'} is no service that namespace ${service.ref.namespace || 'default'} can see; requests sent there fail with 503. Correct the name, or declare the Service or ServiceEntry.`,
      proof: [
        fact(service, `${destination.path}.host`, destination.hasHost ? `is ${destination.host}` : 'is not set'),
        absence(`no Service or ServiceEntry with host ${destination.host}`),
      ],
    });
    return;
  }
  checkPort(service, destination, found, context);
}

function findHost(service: VirtualService, host: string, { index, exact }: AnalyzerContext): ServiceHost | null {
  const exportTo = strings(object(service.spec).exportTo);
  const { namespace } = service.ref;
  return index.hosts.find(namespace, exportTo, host) ?? (exact ? null : index.hosts.find(namespace, [], host));
}

function checkPort(service: VirtualService, destination: RouteDestination, target: ServiceHost, { report }: AnalyzerContext): void {
  const declared = fact(target.resource, 'spec.ports', `are ${target.ports.join(', ') || 'none'}`);
  if (destination.port === null) {
    if (target.ports.length < 2) return;
    report({
      type: 'VirtualServiceDestinationPortSelectorRequired',
      resource: service,
      path: destination.path,
      identity: identityOf(destination, `${destination.host} ${target.ports.join()}`),
      message: `${destination.host} has ports ${list(target.ports.map(String))}; the destination must say which. Set destination.port.number.`,
      proof: [fact(service, `${destination.path}.port`, 'is not set'), declared],
    });
    return;
  }
  if (target.ports.includes(destination.port)) return;
  report({
    type: 'ReferencedResourceNotFound',
    resource: service,
    path: `${destination.path}.port.number`,
    identity: identityOf(destination, `${destination.host}:${destination.port}`),
    message: `${destination.host} has no port ${destination.port} (it has ${list(target.ports.map(String)) || 'none'}); requests sent there fail. Correct destination.port.number.`,
    proof: [fact(service, `${destination.path}.port.number`, `is ${destination.port}`), declared],
  });
}

/** Istio places messages about routes and `mirror` by the line of their host, those about `mirrors` only by the resource. */
function identityOf(destination: RouteDestination, what: string): string {
  const isPlaced = destination.hasHost && destination.rule !== 'mirrors';
  return isPlaced ? `${destination.path} ${what}` : `${destination.rule} ${what}`;
}

/** Subsets that a VirtualService for a service of the mesh routes to: sidecars apply it, gateways do not. */
function subsetUsesOf(service: VirtualService): readonly SubsetUse[] {
  const hosts = strings(object(service.spec).hosts);
  return objects(object(service.spec).http).flatMap(([ruleIndex, route]) =>
    objects(route.route).flatMap(([index, target]) => {
      const destination = object(target.destination);
      const host = text(destination.host);
      const path = `spec.http[${ruleIndex}].route[${index}].destination.subset`;
      return destination.subset && hosts.includes(host) ? [{ service, host, path }] : [];
    }),
  );
}

function checkSubsets(service: VirtualService, uses: readonly SubsetUse[], context: AnalyzerContext): void {
  const gateways = strings(object(service.spec).gateways);
  if (gateways.length === 0 || (!context.exact && gateways.every((gateway) => gateway === 'mesh'))) return;
  for (const destination of routeDestinations(service)) {
    if (destination.rule !== 'http' || destination.subset !== '') continue;
    for (const use of uses) {
      if (use.host !== destination.host || (!context.exact && use.service === service)) continue;
      context.report({
        type: 'IngressRouteRulesNotAffected',
        resource: service,
        path: destination.path,
        identity: nameOf(use.service),
        message: `Requests through the gateway go to all of ${destination.host}: the subsets that ${nameOf(use.service)} routes to hold only inside the mesh. Name a subset here, or apply that VirtualService to the gateway too.`,
        proof: [fact(service, `${destination.path}.subset`, 'is not set'), fact(use.service, use.path, 'routes to a subset')],
      });
    }
  }
}
