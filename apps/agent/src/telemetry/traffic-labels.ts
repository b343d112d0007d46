/** The labels of an Istio metric that telling traffic apart needs. Missing values are `''`. */
export interface TrafficLabels {
  readonly reporter: 'source' | 'destination' | 'waypoint';
  readonly sourceWorkload: string;
  readonly sourceNamespace: string;
  readonly sourceApp: string;
  readonly sourceVersion: string;
  readonly sourcePrincipal: string;
  readonly sourceCluster: string;
  readonly destinationWorkload: string;
  readonly destinationNamespace: string;
  readonly destinationApp: string;
  readonly destinationVersion: string;
  readonly destinationPrincipal: string;
  readonly destinationCluster: string;
  /** Host of the called service. */
  readonly destinationService: string;
  readonly destinationServiceName: string;
  readonly destinationServiceNamespace: string;
  readonly protocol: 'http' | 'grpc' | 'tcp';
  readonly code: string;
  readonly grpcStatus: string;
  readonly flags: string;
  readonly security: 'mutual_tls' | 'none' | 'unknown';
}

/** Reads the labels of an Istio metric; `unknown`, Istio's word for a missing value, becomes `''`. */
export function readTrafficLabels(labels: ReadonlyMap<string, string>): TrafficLabels {
  const known = (name: string): string => {
    const value = labels.get(name) ?? '';
    return value === 'unknown' ? '' : value;
  };
  const reporter = known('reporter');
  const protocol = known('request_protocol');
  const security = known('connection_security_policy');
  return {
    reporter: reporter === 'destination' || reporter === 'waypoint' ? reporter : 'source',
    sourceWorkload: known('source_workload'),
    sourceNamespace: known('source_workload_namespace'),
    sourceApp: known('source_canonical_service'),
    sourceVersion: known('source_canonical_revision'),
    sourcePrincipal: known('source_principal'),
    sourceCluster: known('source_cluster'),
    destinationWorkload: known('destination_workload'),
    destinationNamespace: known('destination_workload_namespace'),
    destinationApp: known('destination_canonical_service'),
    destinationVersion: known('destination_canonical_revision'),
    destinationPrincipal: known('destination_principal'),
    destinationCluster: known('destination_cluster'),
    destinationService: known('destination_service'),
    destinationServiceName: known('destination_service_name'),
    destinationServiceNamespace: known('destination_service_namespace'),
    protocol: protocol === 'grpc' || protocol === 'tcp' ? protocol : 'http',
    code: known('response_code'),
    grpcStatus: known('grpc_response_status'),
    flags: known('response_flags') || '-',
    security: security === 'mutual_tls' || security === 'none' ? security : 'unknown',
  };
}
