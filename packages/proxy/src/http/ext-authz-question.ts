import type { HeaderChange, Resume } from '@weft/core/engine/decision';
import type { RequestFacts } from '@weft/core/plan/facts';
import type { ExtAuthzPlan } from '@weft/core/plan/http-filter-plan';
import type { StringMatcher } from '@weft/core/plan/matcher';
import type { ExchangeView, RequestBody } from './exchange-view.ts';

/** What an authorization service is asked about. */
export interface AuthzQuestion {
  readonly plan: ExtAuthzPlan;
  /** The request as earlier filters left it. */
  readonly request: RequestFacts;
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly contextExtensions: Readonly<Record<string, string>>;
  /** null where the service is not sent any. */
  readonly body: RequestBody | null;
  readonly exchange: ExchangeView;
}

/** What an authorization service lets pass: changes of the request and of its response. */
export interface Grant {
  readonly headerChanges: readonly HeaderChange[];
  readonly responseHeaders: readonly HeaderChange[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

const metadataNamespace = 'envoy.filters.http.ext_authz';

export function granted({ headerChanges, responseHeaders, metadata }: Grant, { clearRouteCache }: ExtAuthzPlan): Resume['result'] {
  return {
    kind: 'pass',
    headerChanges,
    responseHeaders,
    metadata: Object.keys(metadata).length === 0 ? {} : { [metadataNamespace]: metadata },
    clearRoute: clearRouteCache && headerChanges.length > 0,
    requestPrincipal: '',
  };
}

export function refused(status: number, body: string, headers: readonly (readonly [string, string])[]): Resume['result'] {
  return { kind: 'deny', status, body, headers, flag: 'UAEX', details: 'ext_authz_denied', grpcStatus: null };
}

export function matchesAny(matchers: readonly StringMatcher[], name: string): boolean {
  return matchers.some((matcher) => matcher.matches(name));
}
