import type { RequestFacts } from '../plan/facts.ts';
import type { ForwardActionPlan, RedirectActionPlan, RoutePlan } from '../plan/route-plan.ts';
import { fillUriTemplate } from '../plan/uri-template.ts';
import { withoutPort } from './find-route.ts';
import { pathOf } from './match-route.ts';

/** The path to send upstream, query kept. The request's own path when the route does not rewrite. */
export function rewritePath(route: RoutePlan, action: ForwardActionPlan, path: string): string {
  const rewrite = action.pathRewrite;
  if (rewrite === null) return path;
  const plain = pathOf(path);
  const query = path.slice(plain.length);
  switch (rewrite.kind) {
    case 'prefix':
      return rewrite.value + path.slice(matchedLength(route, plain));
    case 'regex':
      return rewrite.rewrite.replace(plain) + query;
    case 'template': {
      const variables = route.match.path.kind === 'template' ? route.match.path.match(plain) : null;
      return variables ? fillUriTemplate(rewrite.template, variables) + query : path;
    }
  }
}

/** The authority to send upstream; null when it stays, or when the endpoint's hostname will decide. */
export function rewriteAuthority(action: ForwardActionPlan, facts: RequestFacts): string | null {
  const rewrite = action.hostRewrite;
  switch (rewrite?.kind) {
    case 'literal':
      return rewrite.value;
    case 'header':
      return facts.header(rewrite.name) || null;
    case 'pathRegex':
      return rewrite.rewrite.replace(pathOf(facts.path)) || null;
    default:
      return null;
  }
}

/** The `location` of a redirect (Envoy `RouteEntryImplBase::newUri`). */
export function redirectLocation(route: RoutePlan, action: RedirectActionPlan, facts: RequestFacts): string {
  const scheme = action.scheme || (action.httpsRedirect ? 'https' : facts.scheme);
  const host = action.host || authorityForRedirect(facts.authority, facts.scheme, scheme, action.port);
  const port = action.port ? `:${action.port}` : '';
  return `${scheme}://${host}${port}${redirectPath(route, action, facts.path)}`;
}

/** A port that is the default of the old scheme must not survive a change of scheme; a new port replaces any. */
function authorityForRedirect(authority: string, from: string, to: string, newPort: number): string {
  const bare = withoutPort(authority);
  if (newPort) return bare;
  const port = authority.slice(bare.length);
  const isDefault = (from === 'http' && port === ':80') || (from === 'https' && port === ':443');
  return from !== to && isDefault ? bare : authority;
}

function redirectPath(route: RoutePlan, action: RedirectActionPlan, path: string): string {
  const plain = pathOf(path);
  const query = action.stripQuery ? '' : path.slice(plain.length);
  switch (action.path.kind) {
    case 'keep':
      return action.stripQuery ? plain : path;
    case 'whole':
      // A configured query replaces the request's.
      return action.path.value.includes('?') ? action.path.value : action.path.value + query;
    case 'prefix':
      return action.path.value + plain.slice(matchedLength(route, plain)) + query;
    case 'regex':
      return action.path.rewrite.replace(plain) + query;
  }
}

/** How much of the path the route's condition matched: the prefix's length, or all of it. */
function matchedLength(route: RoutePlan, plain: string): number {
  const match = route.match.path;
  return match.kind === 'prefix' || match.kind === 'pathSeparatedPrefix' ? match.value.length : plain.length;
}
