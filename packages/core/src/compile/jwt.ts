import type {
  JwtAuthenticationJson,
  JwtProviderJson,
  JwtRequirementJson,
} from '@weft/envoy-api/envoy/extensions/filters/http/jwt_authn/v3/config_pb';
import { hasUsableKey } from '../base/usable-keys.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import { jwksSource } from '../mesh/workload-security.ts';
import type { RequestAuthentication } from '../resource/kinds.ts';
import { externalService } from './external-service.ts';
import { protoDuration } from './proto-duration.ts';

/** `presence` is younger than the generated types. */
type JwtRule = NonNullable<RequestAuthentication['spec']['jwtRules']>[number] & { readonly presence?: 'OPTIONAL' | 'REQUIRED' };

/**
 * A valid key set whose private half nobody has. It stands in where keys cannot be had, so that a request with a token is refused and one
 * without passes.
 */
const unknownKeys =
  '{"keys":[{"kty":"RSA","n":"7iEM7yH-uC1SUusVUqwgiNMSsMuinnadibTyXGrgSCcPZuXrxaIG6z1mwvaW_DdLUS76uKNdyIeP38eFC2VPfQQaAq5Ah55dqxdUwgbt03gz2sxaWr3OCNzGPlLFzzL9tcO8qY--zV0XyyhReX3NfaD0HAaCipJDIo_mUi3vtzTx5vh8IXQgItFGkxeY-9KoLud0IxgZopxW6fj42UKOfkfkgLrSYCwwPN3ajZm5OgfsukK07OGaqIXC5g7udL46YIF9NzJNpWcW18D_xwcRByj8sMWr_EnN89qTZAnkibOdMIi5n6cwfv6isU6O4a3lol8Nv3YJNWtXtN-y-mQ1kQ","e":"AQAB","alg":"RS256","kid":"unavailable","use":"sig"}]}';

/** Claims that are lists separated by spaces whatever a rule says. */
const spaceDelimited = ['permission', 'scope'];

/**
 * The jwt_authn filter of a proxy, or null without RequestAuthentication. A token that is there must be valid; no token passes. At gateways
 * the route is chosen again afterwards, because rules may match on claims.
 */
export function jwtAuthentication(view: ProxyView): JwtAuthenticationJson | null {
  const rules = view.policies.security.requestAuthentications
    .flatMap((policy): readonly JwtRule[] => policy.spec?.jwtRules ?? [])
    .map((rule, index) => ({ rule, index }))
    .sort((a, b) => compareText(a.rule.issuer ?? '', b.rule.issuer ?? '') || a.index - b.index)
    .map(({ rule }) => rule);
  if (rules.length === 0) return null;
  const names = rules.map((rule, index) => ({ providerName: `origins-${index}`, isRequired: rule.presence === 'REQUIRED' }));
  return {
    providers: Object.fromEntries(
      rules.map((rule, index) => [`origins-${index}`, provider(view, rule)]).sort(([a], [b]) => compareText(String(a), String(b))),
    ),
    rules: [{ match: { prefix: '/' }, requires: requirement(names) }],
    bypassCorsPreflight: true,
  };
}

interface NamedRule {
  readonly providerName: string;
  readonly isRequired: boolean;
}

/**
 * Any one token that verifies is enough where several issuers share a location; otherwise every token that is there must verify. Tokens that are required
 * must be there, each of them.
 */
function requirement(names: readonly NamedRule[]): JwtRequirementJson {
  const each = names.map(({ providerName, isRequired }): JwtRequirementJson => {
    return isRequired ? { providerName } : { requiresAny: { requirements: [{ providerName }, { allowMissing: {} }] } };
  });
  const [only] = each;
  if (each.length === 1 && only) return only;
  const all: JwtRequirementJson = { requiresAll: { requirements: each } };
  if (names.some(({ isRequired }) => isRequired)) return all;
  return { requiresAny: { requirements: [...names.map(({ providerName }): JwtRequirementJson => ({ providerName })), all] } };
}

function provider(view: ProxyView, rule: JwtRule): JwtProviderJson {
  const claims = (rule.outputClaimToHeaders ?? []).map((entry) => ({ headerName: entry.header ?? '', claimName: entry.claim ?? '' }));
  const headers = (rule.fromHeaders ?? []).map((entry) => ({ name: entry.name ?? '', ...(entry.prefix && { valuePrefix: entry.prefix }) }));
  return {
    ...(rule.issuer && { issuer: rule.issuer }),
    ...listField('audiences', rule.audiences),
    ...keys(view, rule),
    ...(rule.forwardOriginalToken && { forward: true }),
    ...(headers.length > 0 && { fromHeaders: headers }),
    ...listField('fromParams', rule.fromParams),
    ...(rule.outputPayloadToHeader && { forwardPayloadHeader: rule.outputPayloadToHeader }),
    payloadInMetadata: 'payload',
    ...(view.node.type !== 'sidecar' && { clearRouteCache: true }),
    ...(claims.length > 0 && { claimToHeaders: claims }),
    ...listField('fromCookies', rule.fromCookies),
    normalizePayloadInMetadata: { spaceDelimitedClaims: [...new Set([...spaceDelimited, ...(rule.spaceDelimitedClaims ?? [])])].sort() },
  };
}

/** Keys written in the rule, keys that were fetched for it, or the service of the mesh that publishes them; otherwise keys that fit no token. */
function keys(view: ProxyView, rule: JwtRule): JwtProviderJson {
  const source = jwksSource(rule);
  const inlineString = rule.jwks || (source !== null && view.settings.jwksByUri[source]);
  if (inlineString) return { localJwks: { inlineString: hasUsableKey(inlineString) ? inlineString : unknownKeys } };
  const uri = rule.jwksUri ?? rule.jwks_uri;
  const url = /^(https?):\/\/([^/:?#]+)(?::(\d+))?/.exec(uri ?? '');
  const port = url?.[3] ? Number(url[3]) : url?.[1] === 'https' ? 443 : 80;
  const service = externalService(view, url?.[2], port);
  if (!service || !uri) return { localJwks: { inlineString: unknownKeys } };
  const httpUri = { uri, cluster: service.cluster, timeout: protoDuration(rule.timeout, '5s') };
  return { remoteJwks: { httpUri, cacheDuration: '300s' } };
}

function listField<K extends string>(key: K, values: readonly string[] | undefined): { readonly [P in K]?: string[] } {
  const result: { [P in K]?: string[] } = {};
  if (values && values.length > 0) result[key] = [...values];
  return result;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
