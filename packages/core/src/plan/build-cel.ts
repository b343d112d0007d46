import type { JsonValue } from '@bufbuild/protobuf';
import type { PolicyJson } from '@weft/envoy-api/envoy/config/rbac/v3/rbac_pb';
import { compileCelExpr } from './cel.ts';
import { requestActivation } from './cel-activation.ts';
import type { RbacClausePlan } from './rbac-plan.ts';

/** The CEL condition of an RBAC policy; null when it has none. A condition that fails to evaluate does not hold. */
export function buildCelCondition(json: PolicyJson): (RbacClausePlan & { readonly isConnectionOnly: false }) | null {
  const expr = json.condition ?? json.checkedCondition?.expr;
  if (!expr) return null;
  const program = compileCelExpr(expr as JsonValue);
  return {
    text: 'CEL condition',
    isConnectionOnly: false,
    matches: (connection, request, metadata) => program.matches(requestActivation(connection, request, metadata)),
  };
}
