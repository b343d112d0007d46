import type { Analyzer } from './analyzer.ts';
import { alphaAnnotationsAnalyzer } from './istio/alpha-annotations.ts';
import { annotationsAnalyzer } from './istio/annotations.ts';
import { applicationUidAnalyzer } from './istio/application-uid.ts';
import { authorizationPoliciesAnalyzer } from './istio/authorization-policies.ts';
import { blockedCidrsAnalyzer } from './istio/blocked-cidrs.ts';
import { caCertificatesAnalyzer } from './istio/ca-certificates.ts';
import { conditionsAnalyzer } from './istio/conditions.ts';
import { crdVersionAnalyzer } from './istio/crd-version.ts';
import { deprecationAnalyzer } from './istio/deprecation.ts';
import { envoyPatchAnalyzer } from './istio/envoy-patch.ts';
import { externalControlPlaneAnalyzer } from './istio/external-control-plane.ts';
import { gatewayCertificatesAnalyzer } from './istio/gateway-certificates.ts';
import { gatewayConflictsAnalyzer } from './istio/gateway-conflicts.ts';
import { gatewayPortsAnalyzer } from './istio/gateway-ports.ts';
import { gatewaySecretsAnalyzer } from './istio/gateway-secrets.ts';
import { injectionAnalyzer } from './istio/injection.ts';
import { injectionImageAnalyzer } from './istio/injection-image.ts';
import { injectionImageAutoAnalyzer } from './istio/injection-image-auto.ts';
import { kubernetesGatewaySelectorAnalyzer } from './istio/kubernetes-gateway-selector.ts';
import { lightstepProviderAnalyzer } from './istio/lightstep-provider.ts';
import { meshNetworksAnalyzer } from './istio/mesh-networks.ts';
import { multiServiceAnalyzer } from './istio/multi-service.ts';
import { portNamesAnalyzer } from './istio/port-names.ts';
import { routeCacheAnalyzer } from './istio/route-cache.ts';
import { schemaValidationAnalyzers } from './istio/schema-validation.ts';
import { serviceEntryAddressesAnalyzer } from './istio/service-entry-addresses.ts';
import { serviceEntryProtocolsAnalyzer } from './istio/service-entry-protocols.ts';
import { sidecarDefaultSelectorAnalyzer, sidecarSelectorAnalyzer } from './istio/sidecar-selectors.ts';
import { subsetSelectPodAnalyzer } from './istio/subset-select-pod.ts';
import { telemetryProvidersAnalyzer } from './istio/telemetry-providers.ts';
import { telemetryDefaultSelectorAnalyzer, telemetrySelectorAnalyzer } from './istio/telemetry-selectors.ts';
import { virtualServiceDestinationsAnalyzer } from './istio/virtual-service-destinations.ts';
import { virtualServiceGatewaysAnalyzer } from './istio/virtual-service-gateways.ts';
import { virtualServiceJwtClaimsAnalyzer } from './istio/virtual-service-jwt-claims.ts';
import { virtualServiceMeshHostsAnalyzer } from './istio/virtual-service-mesh-hosts.ts';
import { virtualServiceSubsetsAnalyzer } from './istio/virtual-service-subsets.ts';
import { waypointWorkloadSelectorAnalyzer } from './istio/waypoint-workload-selector.ts';
import { webhooksAnalyzer } from './istio/webhooks.ts';

/** Every analyzer of Istio's that works on configuration, under Istio's names. The one across clusters runs apart: it needs to know the clusters. */
export const istioAnalyzers: readonly Analyzer[] = [
  annotationsAnalyzer,
  alphaAnnotationsAnalyzer,
  authorizationPoliciesAnalyzer,
  blockedCidrsAnalyzer,
  conditionsAnalyzer,
  multiServiceAnalyzer,
  applicationUidAnalyzer,
  deprecationAnalyzer,
  caCertificatesAnalyzer,
  subsetSelectPodAnalyzer,
  waypointWorkloadSelectorAnalyzer,
  envoyPatchAnalyzer,
  routeCacheAnalyzer,
  externalControlPlaneAnalyzer,
  gatewayPortsAnalyzer,
  gatewayCertificatesAnalyzer,
  gatewaySecretsAnalyzer,
  gatewayConflictsAnalyzer,
  injectionAnalyzer,
  injectionImageAnalyzer,
  injectionImageAutoAnalyzer,
  kubernetesGatewaySelectorAnalyzer,
  crdVersionAnalyzer,
  meshNetworksAnalyzer,
  portNamesAnalyzer,
  sidecarDefaultSelectorAnalyzer,
  sidecarSelectorAnalyzer,
  serviceEntryProtocolsAnalyzer,
  serviceEntryAddressesAnalyzer,
  telemetryProvidersAnalyzer,
  lightstepProviderAnalyzer,
  telemetrySelectorAnalyzer,
  telemetryDefaultSelectorAnalyzer,
  virtualServiceMeshHostsAnalyzer,
  virtualServiceDestinationsAnalyzer,
  virtualServiceSubsetsAnalyzer,
  virtualServiceGatewaysAnalyzer,
  virtualServiceJwtClaimsAnalyzer,
  webhooksAnalyzer,
  ...schemaValidationAnalyzers,
];
