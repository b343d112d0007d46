import type { HTTPRoute } from '../../resource/kinds.ts';
import type { HttpRouteSpec } from '../virtual-service.ts';
import { type Referrer, resolveBackend } from './backends.ts';
import type { Finding } from './condition.ts';
import type { TranslationContext } from './context.ts';

type HttpRule = NonNullable<HTTPRoute['spec']['rules']>[number];
export type HttpFilter = NonNullable<HttpRule['filters']>[number];

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What filters add to a route, and what is wrong with them. */
export interface FilterResult {
  readonly fields: HttpRouteSpec;
  readonly problems: readonly Finding[];
}

/** Filters of a rule as fields of an HTTP route. A filter that is not known makes the rule unusable; it is never just left out. */
export function routeFilters(filters: readonly (HttpFilter | undefined)[], referrer: Referrer, context: TranslationContext): FilterResult {
  const fields: Mutable<HttpRouteSpec> = {};
  const problems: Finding[] = [];
  for (const filter of filters) {
    switch (filter?.type) {
      case 'RequestHeaderModifier':
        fields.headers = { ...fields.headers, request: headerOperations(filter.requestHeaderModifier) };
        break;
      case 'ResponseHeaderModifier':
        fields.headers = { ...fields.headers, response: headerOperations(filter.responseHeaderModifier) };
        break;
      case 'RequestRedirect':
        fields.redirect = redirect(filter.requestRedirect);
        break;
      case 'URLRewrite':
        fields.rewrite = rewrite(filter.urlRewrite);
        break;
      case 'RequestMirror': {
        const { destination, problem } = resolveBackend(filter.requestMirror?.backendRef ?? {}, referrer, context);
        if (problem) problems.push(problem);
        else if (destination.host)
          fields.mirrors = [...(fields.mirrors ?? []), { destination, percentage: { value: mirrorPercent(filter.requestMirror) } }];
        break;
      }
      case 'CORS':
        fields.corsPolicy = corsPolicy(filter.cors);
        break;
      default:
        problems.push({
          type: 'Accepted',
          isTrue: false,
          reason: filter?.type === 'ExtensionRef' ? 'IncompatibleFilters' : 'UnsupportedValue',
          message: `Filter ${filter?.type ?? ''} is not supported`,
        });
    }
  }
  if (fields.redirect && fields.rewrite) {
    problems.push({ type: 'Accepted', isTrue: false, reason: 'IncompatibleFilters', message: 'A rule cannot both redirect and rewrite' });
  }
  return { fields, problems };
}

/** Filters of one backend of a rule: only headers can be changed for one backend alone. Anything else makes the rule unusable. */
export function backendFilters(
  filters: readonly (HttpFilter | undefined)[],
  referrer: Referrer,
  context: TranslationContext,
): FilterResult {
  const isPossible = (filter: HttpFilter | undefined) =>
    filter?.type === 'RequestHeaderModifier' || filter?.type === 'ResponseHeaderModifier';
  const problems = filters
    .filter((filter) => !isPossible(filter))
    .map((filter) => ({
      type: 'Accepted',
      isTrue: false,
      reason: 'UnsupportedValue',
      message: `Filter ${filter?.type ?? ''} is not supported for one backend`,
    }));
  return { fields: routeFilters(filters.filter(isPossible), referrer, context).fields, problems };
}

type HeaderModifier = NonNullable<HttpFilter['requestHeaderModifier']>;

/** Header changes; names are compared without case, of one name only the first entry counts. */
export function headerOperations(modifier: HeaderModifier | undefined) {
  const entries = (list: HeaderModifier['set']) => {
    const byName = new Map<string, string>();
    for (const entry of list ?? []) {
      const name = (entry?.name ?? '').toLowerCase();
      if (name !== '' && !byName.has(name)) byName.set(name, entry?.value ?? '');
    }
    return Object.fromEntries(byName);
  };
  const set = entries(modifier?.set);
  const add = entries(modifier?.add);
  const remove = (modifier?.remove ?? []).map((name) => name.toLowerCase());
  return {
    ...(Object.keys(set).length > 0 && { set }),
    ...(Object.keys(add).length > 0 && { add }),
    ...(remove.length > 0 && { remove }),
  };
}

/** Unlike a VirtualService's, a redirect is temporary by default, and without scheme and port it keeps the listener's port. */
function redirect(spec: HttpFilter['requestRedirect']): NonNullable<HttpRouteSpec['redirect']> {
  return {
    redirectCode: spec?.statusCode ?? 302,
    ...(spec?.hostname && { authority: spec.hostname }),
    ...(spec?.scheme && { scheme: spec.scheme }),
    ...(spec?.port
      ? { port: spec.port }
      : { derivePort: spec?.scheme ? ('FROM_PROTOCOL_DEFAULT' as const) : ('FROM_REQUEST_PORT' as const) }),
    ...(spec?.path?.type === 'ReplaceFullPath' && { uri: spec.path.replaceFullPath ?? '/' }),
    ...(spec?.path?.type === 'ReplacePrefixMatch' && { uri: `%PREFIX()%${spec.path.replacePrefixMatch ?? ''}` }),
  };
}

function rewrite(spec: HttpFilter['urlRewrite']): NonNullable<HttpRouteSpec['rewrite']> {
  const { path } = spec ?? {};
  return {
    ...(spec?.hostname && { authority: spec.hostname }),
    ...(path?.type === 'ReplacePrefixMatch' && { uri: path.replacePrefixMatch?.replace(/\/$/, '') || '/' }),
    ...(path?.type === 'ReplaceFullPath' && { uriRegexRewrite: { match: '/.*', rewrite: path.replaceFullPath ?? '/' } }),
  };
}

function mirrorPercent(spec: HttpFilter['requestMirror']): number {
  if (typeof spec?.percent === 'number') return spec.percent;
  const { numerator, denominator } = spec?.fraction ?? {};
  return typeof numerator === 'number' ? (100 * numerator) / (denominator ?? 100) : 100;
}

/** How long browsers may remember an answer where nothing is said. */
const defaultMaxAgeSeconds = 5;

function corsPolicy(spec: HttpFilter['cors']): NonNullable<HttpRouteSpec['corsPolicy']> {
  const origin = (text: string) => {
    if (text === '*') return { regex: '.*' };
    if (!text.includes('*')) return { exact: text };
    return {
      regex: text
        .split('*')
        .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
        .join('.*'),
    };
  };
  return {
    allowOrigins: (spec?.allowOrigins ?? []).map(origin),
    ...(spec?.allowMethods?.length && { allowMethods: [...spec.allowMethods] }),
    ...(spec?.allowHeaders?.length && { allowHeaders: [...spec.allowHeaders] }),
    ...(spec?.exposeHeaders?.length && { exposeHeaders: [...spec.exposeHeaders] }),
    maxAge: `${spec?.maxAge ?? defaultMaxAgeSeconds}s`,
    ...(spec?.allowCredentials && { allowCredentials: true }),
    unmatchedPreflights: 'IGNORE',
  };
}
