import type { HttpRouteSpec } from '@weft/core/mesh/virtual-service';

type Match = NonNullable<HttpRouteSpec['match']>[number];

/** An `http` route in a few words: `prefix /api → v1 90 %, v2 10 %`. */
export function describeRoute(route: HttpRouteSpec): string {
  const matches = describeMatches(route);
  return `${matches.length === 0 ? 'everything' : matches.join(' or ')} → ${describeTarget(route)}`;
}

/** The matches of a route, each in a few words; none for a route that takes everything. */
export function describeMatches(route: HttpRouteSpec): readonly string[] {
  return (route.match ?? []).map((match) => {
    const parts = [
      describe('', match.uri),
      describe('method ', match.method),
      describe('authority ', match.authority),
      ...Object.entries(match.headers ?? {}).map(([name, value]) => describe(`header ${name} `, value)),
      ...Object.entries(match.queryParams ?? {}).map(([name, value]) => describe(`query ${name} `, value)),
      match.port ? `port ${match.port}` : '',
    ];
    return parts.filter(Boolean).join(', ') || 'everything';
  });
}

function describe(what: string, value: Match['uri'] | undefined): string {
  if (!value) return '';
  const [kind, text] = Object.entries(value)[0] ?? ['present', ''];
  return `${what}${kind} ${text}`.trim();
}

function describeTarget(route: HttpRouteSpec): string {
  if (route.redirect) return `redirect to ${route.redirect.authority ?? ''}${route.redirect.uri ?? ''}`;
  if (route.directResponse) return `status ${route.directResponse.status}`;
  if (route.delegate) return `delegate ${route.delegate.namespace ?? ''}/${route.delegate.name ?? ''}`;
  const destinations = route.route ?? [];
  return destinations
    .map(({ destination, weight }) => {
      const name = destination?.subset ?? destination?.host ?? '';
      return destinations.length > 1 ? `${name} ${weight ?? 0} %` : name;
    })
    .join(', ');
}
