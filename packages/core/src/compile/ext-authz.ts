import type { RBACJson } from '@weft/envoy-api/envoy/config/rbac/v3/rbac_pb';
import type { ExtAuthzJson } from '@weft/envoy-api/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import type { ExtAuthzJson as NetworkExtAuthzJson } from '@weft/envoy-api/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb';
import type { StringMatcherJson } from '@weft/envoy-api/envoy/type/matcher/v3/string_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { ExtensionProvider, RequestBodyInCheck } from '../resource/extension-provider.ts';
import type { AuthorizationPolicy } from '../resource/kinds.ts';
import { externalService } from './external-service.ts';
import { protoDuration } from './proto-duration.ts';
import { type RbacContext, rbacRules } from './rbac.ts';
import { stringMatcher } from './string-matcher.ts';

/** A CUSTOM action: rules that are evaluated without effect, and the external service asked where one of them matched; or just a denial. */
export type CustomAuthorization =
  | {
      readonly kind: 'check';
      readonly shadowRules: RBACJson;
      readonly http: ExtAuthzJson | null;
      readonly network: NetworkExtAuthzJson | null;
    }
  /** The provider cannot be used: whatever the rules match is denied, and only that. */
  | { readonly kind: 'deny'; readonly rules: RBACJson };

/** Prefix of the dynamic metadata that the shadow rules leave for the ext_authz filter. */
export const extAuthzShadowPrefix = 'istio_ext_authz_';

const matchPrefix = 'istio-ext-authz';
const unboundedTimeout = '600s';

/** The CUSTOM policies of a proxy. With more than one provider none is asked and every match denied, as Istio does by default. */
export function customAuthorization(view: ProxyView, isTcp: boolean): readonly CustomAuthorization[] {
  const policies = view.policies.security.authorization.custom;
  const providers = [...new Set(policies.map((policy) => policy.spec?.provider?.name ?? ''))].sort();
  return providers.flatMap((name) => {
    const context: RbacContext = {
      isTcp,
      trustDomains: trustDomains(view),
      namePrefix: name === '' ? `${matchPrefix}-` : `${matchPrefix}-${name}-`,
    };
    const own = policies.filter((policy) => (policy.spec?.provider?.name ?? '') === name);
    return providerAuthorization(view, own, { name, context, isOnly: providers.length === 1 });
  });
}

/** The mesh's trust domain, then its aliases. */
export function trustDomains(view: ProxyView): readonly string[] {
  const { trustDomain, trustDomainAliases } = view.settings.meshConfig;
  return [trustDomain, ...trustDomainAliases];
}

function providerAuthorization(
  view: ProxyView,
  policies: readonly AuthorizationPolicy[],
  options: { readonly name: string; readonly context: RbacContext; readonly isOnly: boolean },
): readonly CustomAuthorization[] {
  const { rules } = rbacRules(policies, 'DENY', options.context);
  if (rules === null) return [];
  const provider = view.settings.meshConfig.extensionProviders.find((candidate) => candidate.name === options.name);
  const http = provider && httpExtAuthz(view, provider);
  if (!options.isOnly || !http) return [{ kind: 'deny', rules: renamed(rules) }];
  return [
    {
      kind: 'check',
      shadowRules: rules,
      http: enabledFor(http, 'envoy.filters.http.rbac', options.name),
      network: networkExtAuthz(view, provider, options.name),
    },
  ];
}

function httpExtAuthz(view: ProxyView, provider: ExtensionProvider): ExtAuthzJson | null {
  const settings = provider.envoyExtAuthzHttp ?? provider.envoyExtAuthzGrpc;
  const service = externalService(view, settings?.service, settings?.port);
  if (!settings || !service) return null;
  const common: ExtAuthzJson = {
    transportApiVersion: 'V3',
    ...(settings.failOpen && { failureModeAllow: true }),
    ...(settings.clearRouteCache && { clearRouteCache: true }),
    statusOnError: { code: statusName(settings.statusOnError) },
    ...bodyInCheck(settings.includeRequestBodyInCheck),
  };
  if (provider.envoyExtAuthzGrpc) return { ...common, grpcService: grpcService(service.cluster, service.hostname, settings.timeout) };
  return { ...common, ...httpService(provider, service) };
}

function httpService(provider: ExtensionProvider, service: { readonly cluster: string; readonly hostname: string }): ExtAuthzJson {
  const settings = provider.envoyExtAuthzHttp ?? {};
  const added = Object.entries(settings.includeAdditionalHeadersInCheck ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const allowed = settings.includeRequestHeadersInCheck ?? settings.includeHeadersInCheck ?? [];
  const response = {
    ...patterns('allowedUpstreamHeaders', settings.headersToUpstreamOnAllow),
    ...patterns('allowedClientHeaders', settings.headersToDownstreamOnDeny),
    ...patterns('allowedClientHeadersOnSuccess', settings.headersToDownstreamOnAllow),
  };
  return {
    ...patterns('allowedHeaders', allowed),
    httpService: {
      serverUri: {
        uri: `http://${service.hostname}`,
        cluster: service.cluster,
        timeout: protoDuration(settings.timeout, unboundedTimeout),
      },
      ...(settings.pathPrefix && { pathPrefix: settings.pathPrefix }),
      ...(added.length > 0 && { authorizationRequest: { headersToAdd: added.map(([key, value]) => ({ key, value })) } }),
      ...(Object.keys(response).length > 0 && { authorizationResponse: response }),
    },
  };
}

function networkExtAuthz(view: ProxyView, provider: ExtensionProvider, name: string): NetworkExtAuthzJson | null {
  const settings = provider.envoyExtAuthzGrpc;
  const service = externalService(view, settings?.service, settings?.port);
  if (!settings || !service) return null;
  const config: NetworkExtAuthzJson = {
    statPrefix: 'tcp.',
    grpcService: grpcService(service.cluster, service.hostname, settings.timeout),
    ...(settings.failOpen && { failureModeAllow: true }),
    transportApiVersion: 'V3',
  };
  return enabledFor(config, 'envoy.filters.network.rbac', name);
}

function grpcService(clusterName: string, authority: string, timeout: string | undefined) {
  return { envoyGrpc: { clusterName, authority }, timeout: protoDuration(timeout, unboundedTimeout) };
}

function enabledFor<T extends ExtAuthzJson | NetworkExtAuthzJson>(config: T, filter: string, provider: string): T {
  const prefix = provider === '' ? `${matchPrefix}-` : `${matchPrefix}-${provider}-`;
  const path = [{ key: `${extAuthzShadowPrefix}shadow_effective_policy_id` }];
  return { ...config, filterEnabledMetadata: { filter, path, value: { stringMatch: { prefix } } } };
}

function bodyInCheck(body: RequestBodyInCheck | undefined): ExtAuthzJson {
  if (!body) return {};
  return {
    withRequestBody: {
      ...(body.maxRequestBytes && { maxRequestBytes: body.maxRequestBytes }),
      ...(body.allowPartialMessage && { allowPartialMessage: true }),
      ...(body.packAsBytes && { packAsBytes: true }),
    },
  };
}

function patterns<K extends string>(
  key: K,
  values: readonly string[] | undefined,
): { readonly [P in K]?: { patterns: StringMatcherJson[] } } {
  if (!values || values.length === 0) return {};
  const result: { [P in K]?: { patterns: StringMatcherJson[] } } = {};
  result[key] = { patterns: values.map((value) => stringMatcher(value, { ignoreCase: true })) };
  return result;
}

type StatusCode = NonNullable<NonNullable<ExtAuthzJson['statusOnError']>['code']>;

const statusByCode: Readonly<Record<string, StatusCode>> = {
  '400': 'BadRequest',
  '401': 'Unauthorized',
  '403': 'Forbidden',
  '404': 'NotFound',
  '429': 'TooManyRequests',
  '500': 'InternalServerError',
  '502': 'BadGateway',
  '503': 'ServiceUnavailable',
  '504': 'GatewayTimeout',
};

/** Envoy takes the status of an error as an enum; 403 is what Istio answers when none is configured. */
function statusName(code: string | undefined): StatusCode {
  return statusByCode[code ?? ''] ?? 'Forbidden';
}

function renamed(rules: RBACJson): RBACJson {
  const policies = Object.entries(rules.policies ?? {}).map(([name, policy]) => [`${name}-deny-due-to-bad-CUSTOM-action`, policy]);
  return { action: 'DENY', ...(policies.length > 0 && { policies: Object.fromEntries(policies) }) };
}
