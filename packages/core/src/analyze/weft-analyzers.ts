import type { Analyzer } from './analyzer.ts';
import { authorizationCoverageAnalyzer } from './weft/authorization-coverage.ts';
import { authorizationHostsAnalyzer } from './weft/authorization-hosts.ts';
import { authorizationMethodsAnalyzer } from './weft/authorization-methods.ts';
import { competingDestinationRulesAnalyzer } from './weft/competing-destination-rules.ts';
import { defaultRouteFaultsAnalyzer } from './weft/default-route-faults.ts';
import { exportToAnalyzer } from './weft/export-to.ts';
import { gatewayApiBackendsAnalyzer } from './weft/gateway-api-backends.ts';
import { gatewayApiParentsAnalyzer } from './weft/gateway-api-parents.ts';
import { grantNamespacesAnalyzer } from './weft/grant-namespaces.ts';
import { ingressAnalyzer } from './weft/ingress.ts';
import { meshSettingsAnalyzer } from './weft/mesh-settings.ts';
import { mutualTlsConsistencyAnalyzer } from './weft/mutual-tls-consistency.ts';
import { patchSupportAnalyzer } from './weft/patch-support.ts';
import { peerAuthenticationOverlapsAnalyzer } from './weft/peer-authentication-overlaps.ts';
import { routeWeightsAnalyzer } from './weft/route-weights.ts';
import { serviceAccountsAnalyzer } from './weft/service-accounts.ts';
import { sidecarEgressAnalyzer } from './weft/sidecar-egress.ts';
import { sourceIdentityAnalyzer } from './weft/source-identity.ts';
import { targetPortsAnalyzer } from './weft/target-ports.ts';
import { tcpDenialsAnalyzer } from './weft/tcp-denials.ts';
import { wasmAnalyzer } from './weft/wasm.ts';
import { workloadSelectorsAnalyzer } from './weft/workload-selectors.ts';

/** Checks beyond Istio's. None of them runs when particular analyzers are asked for, unless it is one of those. */
export const weftAnalyzers: readonly Analyzer[] = [
  authorizationCoverageAnalyzer,
  authorizationHostsAnalyzer,
  authorizationMethodsAnalyzer,
  competingDestinationRulesAnalyzer,
  defaultRouteFaultsAnalyzer,
  exportToAnalyzer,
  gatewayApiBackendsAnalyzer,
  gatewayApiParentsAnalyzer,
  grantNamespacesAnalyzer,
  mutualTlsConsistencyAnalyzer,
  patchSupportAnalyzer,
  peerAuthenticationOverlapsAnalyzer,
  routeWeightsAnalyzer,
  serviceAccountsAnalyzer,
  sidecarEgressAnalyzer,
  sourceIdentityAnalyzer,
  targetPortsAnalyzer,
  tcpDenialsAnalyzer,
  ingressAnalyzer,
  meshSettingsAnalyzer,
  wasmAnalyzer,
  workloadSelectorsAnalyzer,
];
