import { decideNetwork } from '@weft/core/engine/decide-network';
import type { NetworkVerdict } from '@weft/core/engine/decision';
import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import type { DynamicMetadata } from '@weft/core/plan/rbac-plan';
import type { NetworkAuthorization } from '../tcp/network-authorization.ts';
import type { TcpRefusal } from '../tcp/tcp-context.ts';

/** What came of all network filters. `refusal` has what logs tell of it; null lets the connection in. */
export interface Judgement {
  readonly refusal: TcpRefusal | null;
  readonly metadata: DynamicMetadata | null;
}

interface Subject {
  readonly chain: FilterChainPlan;
  readonly facts: ConnectionFacts;
  /** As far as the connection was judged without a question. */
  readonly verdict: NetworkVerdict;
}

const metadataNamespace = 'envoy.filters.network.ext_authz';

/** Asks the services that a chain's ext_authz filters name, one after the other, and judges by the filters after each. Never rejects. */
export async function authorizeConnection(services: NetworkAuthorization, { chain, facts, verdict: first }: Subject): Promise<Judgement> {
  let verdict = first;
  while (verdict.check !== null) {
    const answer = await services.check(verdict.check.filter, facts);
    const told = verdict.metadata ?? facts.metadata;
    const metadata = answer.metadata === null ? told : { ...told, [metadataNamespace]: answer.metadata };
    if (!answer.allowed)
      return {
        refusal: { flag: 'UAEX', details: answer.isError ? 'ext_authz_error' : 'ext_authz_denied', terminationDetails: '' },
        metadata,
      };
    const before = verdict.unasked.length;
    verdict = decideNetwork(chain, facts, null, { ...verdict, metadata });
    services.countDisabled(verdict.unasked.slice(before));
  }
  services.countRbac(chain, verdict);
  return { refusal: verdict.allowed ? null : rbacRefusal(verdict), metadata: verdict.metadata };
}

/** What logs tell of a connection that RBAC rules turned away. */
export function rbacRefusal({ policy }: NetworkVerdict): TcpRefusal {
  return { flag: '', details: '', terminationDetails: `rbac_access_denied_matched_policy[${policy || 'none'}]` };
}
