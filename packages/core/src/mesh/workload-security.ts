import type { AuthorizationPolicy, RequestAuthentication, ResourceSet } from '../resource/kinds.ts';
import { type EffectivePeerAuthentication, effectivePeerAuthentication, type PeerAuthenticationIndex } from './peer-authentication.ts';
import { applicablePolicies, type PolicyTarget } from './policy-target.ts';

/** The AuthorizationPolicies of one workload, by action; each list root namespace first, oldest first. */
export interface AppliedAuthorization {
  readonly custom: readonly AuthorizationPolicy[];
  readonly audit: readonly AuthorizationPolicy[];
  readonly deny: readonly AuthorizationPolicy[];
  readonly allow: readonly AuthorizationPolicy[];
}

/** Everything about security that holds for one workload. */
export interface WorkloadSecurity {
  readonly peerAuthentication: EffectivePeerAuthentication;
  readonly authorization: AppliedAuthorization;
  /** All that apply; their rules add up. */
  readonly requestAuthentications: readonly RequestAuthentication[];
}

/** Resolves the security policies that hold for a workload or gateway. */
export function resolveWorkloadSecurity(
  set: ResourceSet,
  target: PolicyTarget,
  options: { readonly rootNamespace: string; readonly peerAuthentications: PeerAuthenticationIndex },
): WorkloadSecurity {
  const policies = applicablePolicies(set.ofKind('AuthorizationPolicy'), target, options.rootNamespace);
  const withAction = (action: string) => policies.filter((policy) => (policy.spec?.action ?? 'ALLOW') === action);
  return {
    peerAuthentication: effectivePeerAuthentication(options.peerAuthentications, target.namespace, target.labels),
    authorization: { custom: withAction('CUSTOM'), audit: withAction('AUDIT'), deny: withAction('DENY'), allow: withAction('ALLOW') },
    requestAuthentications: applicablePolicies(set.ofKind('RequestAuthentication'), target, options.rootNamespace),
  };
}

type JwtRule = NonNullable<RequestAuthentication['spec']['jwtRules']>[number];

/**
 * Where the keys of a rule are published: its `jwksUri`, else what OpenID discovery of the issuer says (the address of the discovery document then stands for
 * the keys). Null when the rule holds its keys itself, or its issuer is no web address.
 */
export function jwksSource(rule: JwtRule): string | null {
  if (rule.jwks) return null;
  const uri = rule.jwksUri ?? rule.jwks_uri;
  if (uri) return uri;
  const issuer = rule.issuer ?? '';
  return /^https?:\/\//.test(issuer) ? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` : null;
}
