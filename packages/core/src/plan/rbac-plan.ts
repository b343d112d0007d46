import type { ConnectionFacts, RequestFacts } from './facts.ts';

/** Dynamic metadata by filter namespace, as filters before this one left it. */
export type DynamicMetadata = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A compiled condition of RBAC. `request` is null on TCP connections: there, every header counts as absent. */
export type RbacTest = (connection: ConnectionFacts, request: RequestFacts | null, metadata: DynamicMetadata | null) => boolean;

/** One policy of an RBAC filter: it matches when any permission, any principal and the CEL condition hold. */
export interface RbacPolicyPlan {
  /** e.g. `ns[foo]-policy[httpbin]-rule[0]`. */
  readonly name: string;
  readonly matches: RbacTest;
  /** What must hold, for explanations: one line per permission and principal. */
  readonly permissions: readonly RbacClausePlan[];
  readonly principals: readonly RbacClausePlan[];
  readonly condition: RbacClausePlan | null;
  /** True when nothing of the request is read, so that the answer holds for the connection's life. */
  readonly isConnectionOnly: boolean;
}

/** One clause with its text, for explanations. */
export interface RbacClausePlan {
  readonly text: string;
  readonly matches: RbacTest;
}

/** One set of rules with its action. */
export interface RbacRulesPlan {
  readonly action: 'ALLOW' | 'DENY' | 'LOG';
  /** Sorted by name, as Envoy evaluates them. */
  readonly policies: readonly RbacPolicyPlan[];
}

/** An RBAC filter, network or HTTP. `rules` null = nothing is enforced. */
export interface RbacPlan {
  readonly rules: RbacRulesPlan | null;
  readonly shadowRules: RbacRulesPlan | null;
  readonly rulesStatPrefix: string;
  readonly shadowRulesStatPrefix: string;
  readonly trackPerRuleStats: boolean;
}
