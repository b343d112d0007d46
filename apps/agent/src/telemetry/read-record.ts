import type { ProxyNode } from '@weft/core/mesh/proxy-node';
import type { Address } from '@weft/envoy-api/envoy/config/core/v3/address_pb';
import { RequestMethod } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { AccessLogCommon, HTTPAccessLogEntry, TLSProperties } from '@weft/envoy-api/envoy/data/accesslog/v3/accesslog_pb';
import type { TrafficPeer, TrafficRecord } from '../api/types.ts';
import { shortFlags } from './response-flags.ts';
import { canonicalNames, noPeer, peerOfWorkload, type WorkloadIndex } from './workload-index.ts';

export interface RecordContext {
  readonly node: ProxyNode;
  readonly workloads: WorkloadIndex;
  readonly now: number;
}

type Record = Omit<TrafficRecord, 'id'>;

/** One access log entry as a traffic record: the proxy's own side from its node, the other side from identity and address. */
export function readRecord(entry: HTTPAccessLogEntry, context: RecordContext): Record {
  const { request, response, commonProperties: common } = entry;
  const { node } = context;
  const cluster = parseClusterName(common?.upstreamCluster ?? '');
  const reporter = node.type === 'router' ? 'gateway' : cluster.direction === 'outbound' ? 'source' : 'destination';
  const own = ownPeer(node, common, reporter);
  const details = response?.responseCodeDetails ?? '';
  const isHttp = request !== undefined && (request.requestMethod !== RequestMethod.METHOD_UNSPECIFIED || request.path !== '');
  const contentType = request?.requestHeaders['content-type'] ?? response?.responseHeaders['content-type'] ?? '';
  const grpcStatus = response?.responseTrailers['grpc-status'] ?? response?.responseHeaders['grpc-status'];
  const isGrpc = grpcStatus !== undefined || contentType.startsWith('application/grpc');
  return {
    at: timeOf(common) ?? context.now,
    reporter,
    proxy: node.id,
    source: reporter === 'destination' ? remoteSource(common, context) : own,
    destination: reporter === 'destination' ? own : remoteDestination(common, cluster, context),
    service: cluster.direction === 'outbound' ? cluster.host : (request?.authority ?? ''),
    protocol: isGrpc ? 'grpc' : isHttp ? 'http' : 'tcp',
    method: isHttp ? (RequestMethod[request.requestMethod] ?? '') : '',
    path: request?.originalPath || request?.path || '',
    authority: request?.authority ?? '',
    code: response?.responseCode ?? 0,
    grpcStatus: grpcStatus === undefined ? null : Number(grpcStatus),
    flags: shortFlags(common?.responseFlags),
    details,
    durationMs: durationOf(common),
    requestBytes: Number(request?.requestBodyBytes ?? 0n) + Number(request?.requestHeadersBytes ?? 0n),
    responseBytes: Number(response?.responseBodyBytes ?? 0n) + Number(response?.responseHeadersBytes ?? 0n),
    attempts: Math.max(1, common?.upstreamRequestAttemptCount ?? 1),
    requestId: request?.requestId ?? '',
    traceId: traceIdOf(request?.requestHeaders ?? {}),
    routeName: common?.routeName ?? '',
    upstreamCluster: common?.upstreamCluster ?? '',
    upstreamHost: addressText(common?.upstreamRemoteAddress),
    // Entries say nothing about TLS to the upstream; whether the endpoint takes it decides what a proxy does.
    mtls:
      reporter === 'destination'
        ? peerPrincipal(common?.tlsProperties) !== null
        : context.workloads.acceptsMtls(addressText(common?.upstreamRemoteAddress)),
    refusedBy: refusal(details),
  };
}

/** Istio's cluster names: `outbound|9080|v1|reviews.default.svc.cluster.local`, `inbound|8080||`. */
export function parseClusterName(name: string): {
  readonly direction: 'outbound' | 'inbound' | 'other';
  readonly port: number;
  readonly subset: string;
  readonly host: string;
} {
  const [direction, port, subset = '', host = ''] = name.split('|');
  if (direction === 'outbound' || direction === 'inbound') return { direction, port: Number(port), subset, host };
  return {
    direction: name === 'PassthroughCluster' || name === 'BlackHoleCluster' ? 'outbound' : 'other',
    port: 0,
    subset: '',
    host: name,
  };
}

/** The refusal in Envoy's response code details: `rbac_access_denied_matched_policy[ns[default]-policy[deny]-rule[0]]`; null for other details. */
function refusal(details: string): TrafficRecord['refusedBy'] {
  const match = /^rbac_access_denied_matched_policy\[(.*)\]$/.exec(details);
  return match ? refusalIn(match[1] ?? '') : null;
}

/** The policy and rule that a text names as Istio names them to Envoy. */
export function refusalIn(text: string): NonNullable<TrafficRecord['refusedBy']> {
  const rule = /ns\[([^\]]*)\]-policy\[([^\]]*)\]-rule\[(\d+)\]/.exec(text);
  return rule ? { policy: `AuthorizationPolicy/${rule[1]}/${rule[2]}`, rule: Number(rule[3]) } : { policy: null, rule: null };
}

function ownPeer(node: ProxyNode, common: AccessLogCommon | undefined, reporter: Record['reporter']): TrafficPeer {
  const local = reporter === 'destination' ? common?.tlsProperties?.localCertificateProperties : undefined;
  const address = addressText(common?.downstreamLocalAddress);
  const uri = local?.subjectAltName.find(({ san }) => san.case === 'uri')?.san.value;
  const principal = uri ? withoutScheme(uri) : null;
  return { workload: node.name, namespace: node.namespace, ...canonicalNames(node.labels, node.name), address, principal };
}

function remoteSource(common: AccessLogCommon | undefined, { workloads }: RecordContext): TrafficPeer {
  const address = addressText(common?.downstreamDirectRemoteAddress ?? common?.downstreamRemoteAddress);
  const principal = peerPrincipal(common?.tlsProperties);
  if (principal === null) return { ...noPeer, address };
  const workload = workloads.ofPrincipal(principal);
  if (workload) return peerOfWorkload(workload, address, principal);
  const [, namespace = '', account = ''] = /\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(principal) ?? [];
  return { ...noPeer, namespace, app: account, address, principal };
}

function remoteDestination(
  common: AccessLogCommon | undefined,
  cluster: ReturnType<typeof parseClusterName>,
  { workloads }: RecordContext,
): TrafficPeer {
  const address = addressText(common?.upstreamRemoteAddress);
  const workload = workloads.at(address);
  if (workload) return peerOfWorkload(workload, address, null);
  const [app = '', namespace = ''] = cluster.host.split('.');
  return { ...noPeer, app, namespace: cluster.host.includes('.svc.') ? namespace : '', version: cluster.subset, address };
}

function peerPrincipal(tls: TLSProperties | undefined): string | null {
  const uri = tls?.peerCertificateProperties?.subjectAltName.find(({ san }) => san.case === 'uri')?.san.value;
  return uri ? withoutScheme(uri) : null;
}

const withoutScheme = (uri: string): string => uri.replace(/^spiffe:\/\//, '');

function addressText(address: Address | undefined): string {
  if (address?.address.case !== 'socketAddress') return '';
  const { address: host, portSpecifier } = address.address.value;
  return portSpecifier.case === 'portValue' ? `${host}:${portSpecifier.value}` : host;
}

function timeOf(common: AccessLogCommon | undefined): number | null {
  const time = common?.startTime;
  return time ? Number(time.seconds) * 1000 + time.nanos / 1e6 : null;
}

function durationOf(common: AccessLogCommon | undefined): number {
  const duration = common?.duration ?? common?.timeToLastDownstreamTxByte;
  return duration ? Number(duration.seconds) * 1000 + duration.nanos / 1e6 : 0;
}

function traceIdOf(headers: { readonly [name: string]: string }): string {
  return headers['x-b3-traceid'] ?? headers.traceparent?.split('-')[1] ?? '';
}
