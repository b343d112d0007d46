import type { VirtualService, VirtualServiceSpec } from '../../resource/kinds.ts';
import { object, objects, portNumber, text } from '../fields.ts';

type Destination = NonNullable<NonNullable<NonNullable<NonNullable<VirtualServiceSpec['http']>[number]>['route']>[number]>['destination'];

/** A place that a VirtualService sends requests to. */
export interface RouteDestination {
  readonly rule: 'http' | 'tls' | 'tcp' | 'mirror' | 'mirrors';
  readonly host: string;
  readonly subset: string;
  /** Null when it names no port. */
  readonly port: number | null;
  /** Field path of the destination. */
  readonly path: string;
  /** Whether a host is written at all. */
  readonly hasHost: boolean;
}

/** The destinations of routes: of tcp, tls and http rules, in this order. */
export function routeDestinations(service: VirtualService): readonly RouteDestination[] {
  const spec = object(service.spec);
  return (['tcp', 'tls', 'http'] as const).flatMap((rule) =>
    objects<{ readonly route?: readonly { readonly destination?: Destination }[] }>(spec[rule]).flatMap(([ruleIndex, route]) =>
      objects(route.route).map(([index, target]) =>
        describe(rule, target.destination, `spec.${rule}[${ruleIndex}].route[${index}].destination`),
      ),
    ),
  );
}

/** The destinations that copies of requests go to. */
export function mirrorDestinations(service: VirtualService): readonly RouteDestination[] {
  return objects(object(service.spec).http).flatMap(([ruleIndex, route]) => [
    ...(route.mirror ? [describe('mirror', route.mirror, `spec.http[${ruleIndex}].mirror`)] : []),
    ...objects(route.mirrors).map(([index, mirror]) =>
      describe('mirrors', mirror.destination, `spec.http[${ruleIndex}].mirrors[${index}].destination`),
    ),
  ]);
}

function describe(rule: RouteDestination['rule'], destination: Destination, path: string): RouteDestination {
  const written = object(destination);
  const port = written.port ? (portNumber(object(written.port).number) ?? 0) : null;
  return { rule, host: text(written.host), subset: text(written.subset), port, path, hasHost: typeof written.host === 'string' };
}
