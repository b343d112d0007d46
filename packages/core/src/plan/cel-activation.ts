import type { CelActivation } from './cel.ts';
import type { ConnectionFacts, RequestFacts } from './facts.ts';
import type { DynamicMetadata } from './rbac-plan.ts';

/**
 * Envoy's attributes of a connection and request, read lazily: only what an expression asks for is computed.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
 */
export function requestActivation(
  connection: ConnectionFacts,
  request: RequestFacts | null,
  metadata: DynamicMetadata | null,
): CelActivation {
  return {
    ...(request ? { request: requestAttributes(request) } : {}),
    connection: connectionAttributes(connection),
    source: { address: `${connection.source.text}:${connection.sourcePort}`, port: BigInt(connection.sourcePort) },
    destination: { address: `${connection.destination.text}:${connection.destinationPort}`, port: BigInt(connection.destinationPort) },
    metadata: { filter_metadata: metadata ?? connection.metadata ?? {} },
  };
}

function requestAttributes(request: RequestFacts): Record<string, unknown> {
  const queryAt = request.path.indexOf('?');
  return {
    path: request.path,
    url_path: queryAt < 0 ? request.path : request.path.slice(0, queryAt),
    query: queryAt < 0 ? '' : request.path.slice(queryAt + 1),
    host: request.authority,
    scheme: request.scheme,
    method: request.method,
    protocol: request.protocol,
    headers: request.headers(),
    referer: request.header('referer') ?? '',
    useragent: request.header('user-agent') ?? '',
    id: request.header('x-request-id') ?? '',
    size: BigInt(Math.max(0, request.contentLength)),
  };
}

function connectionAttributes(connection: ConnectionFacts): Record<string, unknown> {
  const { peerCertificate, localCertificate } = connection;
  return {
    mtls: connection.isTls && peerCertificate?.verified === true,
    requested_server_name: connection.serverName,
    tls_version: connection.tlsVersion,
    subject_peer_certificate: peerCertificate?.subject ?? '',
    uri_san_peer_certificate: peerCertificate?.uriSans[0] ?? '',
    dns_san_peer_certificate: peerCertificate?.dnsSans[0] ?? '',
    sha256_peer_certificate_digest: peerCertificate?.sha256 ?? '',
    subject_local_certificate: localCertificate?.subject ?? '',
    uri_san_local_certificate: localCertificate?.uriSans[0] ?? '',
    dns_san_local_certificate: localCertificate?.dnsSans[0] ?? '',
    id: BigInt(connection.connectionId),
  };
}
