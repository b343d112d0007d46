import type { ExchangeView } from '../http/exchange-view.ts';
import { routeName } from './format.ts';

/** Envoy's attributes of a finished request as nested objects, for CEL expressions. */
export function celActivation(exchange: ExchangeView): Readonly<Record<string, unknown>> {
  const { connection } = exchange;
  const question = exchange.originalPath.indexOf('?');
  const headers: Record<string, string> = {};
  exchange.head.headers.each((name, value) => {
    headers[name] = value;
  });
  const responseHeaders: Record<string, string> = {};
  exchange.responseHeaders?.each((name, value) => {
    responseHeaders[name] = value;
  });
  return {
    request: {
      path: exchange.originalPath,
      url_path: question < 0 ? exchange.originalPath : exchange.originalPath.slice(0, question),
      query: question < 0 ? '' : exchange.originalPath.slice(question + 1),
      host: exchange.originalAuthority,
      scheme: exchange.scheme,
      method: exchange.method,
      headers,
      referer: headers.referer ?? '',
      useragent: headers['user-agent'] ?? '',
      id: exchange.requestId,
      protocol: exchange.protocol,
      size: BigInt(exchange.requestBytes),
      total_size: BigInt(exchange.requestBytes),
      duration: exchange.endedAt - exchange.startedMonotonic,
      time: new Date(exchange.startedAt),
    },
    response: {
      code: BigInt(exchange.responseStatus),
      code_details: exchange.details,
      grpc_status: BigInt(exchange.grpcStatus ?? 0),
      headers: responseHeaders,
      size: BigInt(exchange.responseBytes),
      total_size: BigInt(exchange.responseBytes),
    },
    source: { address: `${connection.source.text}:${connection.sourcePort}`, port: BigInt(connection.sourcePort) },
    destination: { address: `${connection.destination.text}:${connection.destinationPort}`, port: BigInt(connection.destinationPort) },
    connection: {
      id: BigInt(connection.connectionId),
      mtls: connection.peerCertificate !== null,
      requested_server_name: connection.serverName,
      tls_version: connection.tlsVersion,
      uri_san_peer_certificate: connection.peerCertificate?.uriSans[0] ?? '',
      uri_san_local_certificate: connection.localCertificate?.uriSans[0] ?? '',
      subject_peer_certificate: connection.peerCertificate?.subject ?? '',
    },
    upstream: { address: exchange.host?.address ?? '' },
    xds: {
      cluster_name: exchange.cluster?.plan.name ?? '',
      route_name: routeName(exchange) ?? '',
      filter_chain_name: exchange.origin.chain.name,
      listener_direction: exchange.origin.direction,
    },
  };
}
