import type {
  JwtAuthenticationJson,
  JwtProviderJson,
  JwtRequirementJson,
} from '@weft/envoy-api/envoy/extensions/filters/http/jwt_authn/v3/config_pb';
import { buildDataSource } from './build-data-source.ts';
import { buildStringMatcher } from './build-matcher.ts';
import { buildRouteMatch } from './build-route-match.ts';
import type { JwtAuthnPlan, JwtProviderPlan, JwtRequirementPlan } from './http-filter-plan.ts';
import { durationMs } from './read.ts';

/** Compiles the jwt_authn filter. */
export function buildJwtAuthn(json: JwtAuthenticationJson): JwtAuthnPlan {
  const named = new Map(Object.entries(json.requirementMap ?? {}).map(([name, requirement]) => [name, buildRequirement(requirement)]));
  return {
    providers: new Map(Object.entries(json.providers ?? {}).map(([name, provider]) => [name, buildProvider(name, provider)])),
    rules: (json.rules ?? []).map((rule) => ({
      match: buildRouteMatch(rule.match ?? {}),
      requirement: rule.requirementName
        ? (named.get(rule.requirementName) ?? unknownRequirement)
        : rule.requires
          ? buildRequirement(rule.requires)
          : null,
    })),
    requirementByName: named,
    bypassCorsPreflight: json.bypassCorsPreflight ?? false,
    stripFailureResponse: json.stripFailureResponse ?? false,
  };
}

/** A rule that names a requirement nobody wrote: Envoy does not take such a configuration, and here no token is good enough. */
const unknownRequirement: JwtRequirementPlan = { kind: 'provider', provider: '', audiences: null };

function buildProvider(name: string, json: JwtProviderJson): JwtProviderPlan {
  const unset = !json.fromHeaders?.length && !json.fromParams?.length && !json.fromCookies?.length;
  return {
    name,
    issuer: json.issuer ?? '',
    audiences: json.audiences ?? [],
    subjects: json.subjects ? buildStringMatcher(json.subjects) : null,
    requireExpiration: json.requireExpiration ?? false,
    maxLifetimeMs: durationMs(json.maxLifetime, null),
    clockSkewSeconds: json.clockSkewSeconds || 60,
    forward: json.forward ?? false,
    forwardPayloadHeader: (json.forwardPayloadHeader ?? '').toLowerCase(),
    padForwardPayloadHeader: json.padForwardPayloadHeader ?? false,
    payloadInMetadata: json.payloadInMetadata ?? '',
    headerInMetadata: json.headerInMetadata ?? '',
    failedStatusInMetadata: json.failedStatusInMetadata ?? '',
    claimToHeaders: (json.claimToHeaders ?? []).map(({ headerName, claimName }) => ({
      header: (headerName ?? '').toLowerCase(),
      claim: (claimName ?? '').split('.'),
    })),
    normalizeSpaceDelimited: json.normalizePayloadInMetadata?.spaceDelimitedClaims ?? [],
    clearRouteCache: json.clearRouteCache ?? false,
    fromHeaders: unset
      ? [{ name: 'authorization', prefix: 'Bearer ' }]
      : (json.fromHeaders ?? []).map((header) => ({ name: (header.name ?? '').toLowerCase(), prefix: header.valuePrefix ?? '' })),
    fromParams: unset ? ['access_token'] : (json.fromParams ?? []),
    fromCookies: json.fromCookies ?? [],
    jwks: buildJwks(json),
  };
}

function buildJwks(json: JwtProviderJson): JwtProviderPlan['jwks'] {
  const source = buildDataSource(json.localJwks);
  if (source) return { kind: 'local', source };
  const remote = json.remoteJwks;
  if (!remote) return { kind: 'none' };
  return {
    kind: 'remote',
    uri: remote.httpUri?.uri ?? '',
    cluster: remote.httpUri?.cluster ?? '',
    timeoutMs: durationMs(remote.httpUri?.timeout, 5000),
    cacheMs: durationMs(remote.cacheDuration, 600_000),
    failedRefetchMs: durationMs(remote.asyncFetch?.failedRefetchDuration, 1000),
    asyncFetch: remote.asyncFetch !== undefined,
    fastListener: remote.asyncFetch?.fastListener ?? false,
  };
}

function buildRequirement(json: JwtRequirementJson): JwtRequirementPlan {
  if (json.providerName !== undefined) return { kind: 'provider', provider: json.providerName, audiences: null };
  if (json.providerAndAudiences) {
    const { providerName, audiences } = json.providerAndAudiences;
    return { kind: 'provider', provider: providerName ?? '', audiences: audiences ?? [] };
  }
  if (json.requiresAny) return { kind: 'any', requirements: (json.requiresAny.requirements ?? []).map(buildRequirement) };
  if (json.requiresAll) return { kind: 'all', requirements: (json.requiresAll.requirements ?? []).map(buildRequirement) };
  if (json.allowMissingOrFailed) return { kind: 'allowMissingOrFailed' };
  return { kind: json.allowMissing ? 'allowMissing' : 'none' };
}
