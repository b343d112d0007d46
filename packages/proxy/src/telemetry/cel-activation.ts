import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { Headers } from '../http/headers.ts';
import type { LogEntry } from './log-entry.ts';
import { type Workload, workloadOfHost } from './peer-metadata.ts';
import { flagBits } from './response-flags.ts';
import { routeName } from './route-name.ts';

type Attributes = Record<string, unknown>;

/**
 * Envoy's attributes of a request or connection as nested objects, for CEL expressions. What is not known is left out: to ask for it is an error.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
 */
export function celActivation(entry: LogEntry): Readonly<Attributes> {
  const { connection, origin } = entry;
  const upstreamPeer = (entry.upstreamPeer as Workload | null) ?? workloadOfHost(entry.host);
  const peers = {
    ...(entry.downstreamPeer !== null && { downstream_peer: peerAttributes(entry.downstreamPeer as Workload, peerUri(connection)) }),
    ...(upstreamPeer !== null && { upstream_peer: peerAttributes(upstreamPeer, entry.upstreamPrincipal) }),
  };
  return {
    ...(entry.method !== '' && { request: requestAttributes(entry) }),
    ...(entry.method !== '' && { response: responseAttributes(entry) }),
    source: { address: address(connection.source.text, connection.sourcePort), port: BigInt(connection.sourcePort) },
    destination: { address: address(connection.destination.text, connection.destinationPort), port: BigInt(connection.destinationPort) },
    connection: connectionAttributes(connection),
    upstream: upstreamAttributes(entry),
    metadata: { filter_metadata: dynamicMetadata(entry) },
    xds: {
      cluster_name: entry.cluster?.plan.name ?? '',
      ...(entry.cluster !== null && { cluster_metadata: { filter_metadata: entry.cluster.plan.metadata } }),
      ...(entry.host !== null && { upstream_host_metadata: { filter_metadata: entry.host.endpoint.metadata } }),
      route_name: routeName(entry) ?? '',
      filter_chain_name: origin.chain.name,
      listener_direction: BigInt(['UNSPECIFIED', 'INBOUND', 'OUTBOUND'].indexOf(origin.direction)),
    },
    filter_state: peers,
    ...peers,
  };
}

function requestAttributes(entry: LogEntry): Attributes {
  const { originalPath } = entry;
  const question = originalPath.indexOf('?');
  const optional = (key: string, name: string): Attributes => {
    const value = entry.header(name);
    return value === undefined ? {} : { [key]: value };
  };
  return {
    path: originalPath,
    url_path: question < 0 ? originalPath : originalPath.slice(0, question),
    query: question < 0 ? '' : originalPath.slice(question + 1),
    host: entry.originalAuthority,
    scheme: entry.scheme,
    method: entry.method,
    headers: entry.headers(),
    ...optional('referer', 'referer'),
    ...optional('useragent', 'user-agent'),
    ...optional('id', 'x-request-id'),
    protocol: entry.protocol,
    size: BigInt(entry.requestBytes),
    total_size: BigInt(entry.wireBytesReceived),
    ...(entry.endedAt > 0 && { duration: durationFromMs(Math.round(entry.endedAt - entry.startedMonotonic)) }),
    time: timestampFromMs(entry.startedAt),
  };
}

function responseAttributes(entry: LogEntry): Attributes {
  return {
    ...(entry.responseStatus > 0 && { code: BigInt(entry.responseStatus) }),
    ...(entry.details !== '' && { code_details: entry.details }),
    flags: BigInt(flagBits(entry.flags)),
    ...(entry.grpcStatus !== null && { grpc_status: BigInt(entry.grpcStatus) }),
    headers: fields(entry.responseHeaders),
    trailers: fields(entry.responseTrailers),
    size: BigInt(entry.responseBytes),
    total_size: BigInt(entry.wireBytesSent),
  };
}

function connectionAttributes(connection: ConnectionFacts): Attributes {
  const { peerCertificate: peer, localCertificate: local } = connection;
  return {
    id: BigInt(connection.connectionId),
    mtls: peer !== null,
    ...(connection.serverName !== '' && { requested_server_name: connection.serverName }),
    ...(connection.isTls && { tls_version: connection.tlsVersion }),
    ...(peer !== null && {
      subject_peer_certificate: peer.subject,
      uri_san_peer_certificate: peer.uriSans[0] ?? '',
      dns_san_peer_certificate: peer.dnsSans[0] ?? '',
      sha256_peer_certificate_digest: peer.sha256,
    }),
    ...(local !== null && {
      subject_local_certificate: local.subject,
      uri_san_local_certificate: local.uriSans[0] ?? '',
      dns_san_local_certificate: local.dnsSans[0] ?? '',
    }),
  };
}

function upstreamAttributes(entry: LogEntry): Attributes {
  const { host } = entry;
  const endpoint = host?.endpoint.address;
  return {
    ...(host !== null && { address: host.address }),
    ...(endpoint?.kind === 'tcp' && { port: BigInt(endpoint.port) }),
    ...(entry.upstreamLocalAddress !== '' && { local_address: entry.upstreamLocalAddress }),
    ...(entry.upstreamPrincipal !== '' && { uri_san_peer_certificate: entry.upstreamPrincipal }),
    ...(entry.localPrincipal !== '' && { uri_san_local_certificate: entry.localPrincipal }),
    ...(entry.transportFailure !== '' && { transport_failure_reason: entry.transportFailure }),
    request_attempt_count: BigInt(entry.attemptCount),
  };
}

function dynamicMetadata({ decision, connection }: LogEntry): Readonly<Attributes> {
  if (decision === null || decision.kind === 'pending') return connection.metadata ?? {};
  return { ...connection.metadata, ...decision.outcome.metadata };
}

/** Istio's object of a workload. */
function peerAttributes(workload: Workload, principal: string): Attributes {
  return {
    workload: workload.name,
    namespace: workload.namespace,
    cluster: workload.cluster,
    service: workload.canonicalService,
    revision: workload.canonicalRevision,
    app: workload.app,
    version: workload.version,
    labels: workload.labels,
    principal,
    identity: principal,
  };
}

function peerUri(connection: ConnectionFacts): string {
  return connection.peerCertificate?.uriSans[0] ?? '';
}

function fields(headers: Headers | null): Record<string, string> {
  const found: Record<string, string> = {};
  headers?.each((name, value) => {
    found[name] = found[name] === undefined ? value : `${found[name]},${value}`;
  });
  return found;
}

function address(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}
