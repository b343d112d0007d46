import type { VirtualService } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, strings } from '../fields.ts';
import { absence, fact, list } from '../proof.ts';
import { isInstalledHost, type ServiceHost } from '../service-hosts.ts';
import { createSubsetCheck } from './gateway-subsets.ts';
import { mirrorDestinations, type RouteDestination, routeDestinations } from './route-destinations.ts';

/** Destinations without a service or without its port, and routes at gateways that pass by the subsets of a service. */
export const virtualServiceDestinationsAnalyzer: SetAnalyzer = {
  name: 'virtualservice.DestinationHostAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const services = context.set.ofKind('VirtualService');
    const checkSubsets = createSubsetCheck(services, context);
    for (const service of services) {
      for (const destination of routeDestinations(service)) checkDestination(service, destination, context);
      for (const destination of mirrorDestinations(service)) checkDestination(service, destination, context);
      checkSubsets(service);
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
