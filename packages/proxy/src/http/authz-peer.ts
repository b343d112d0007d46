import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ConnectionFacts, PeerCertificate } from '@weft/core/plan/facts';
import type { AttributeContext_PeerSchema } from '@weft/envoy-api/envoy/service/auth/v3/attribute_context_pb';
import { peerX509 } from '../identity/peer-certificate.ts';
import { downstreamTls } from '../listener/downstream-tls.ts';

type Peer = MessageInitShape<typeof AttributeContext_PeerSchema>;

/** The client, as an authorization service is told of it; with its certificate (URL-encoded PEM) where that is asked for. */
export function sourcePeer(connection: ConnectionFacts, withCertificate: boolean): Peer {
  const socket = withCertificate ? downstreamTls(connection) : null;
  const certificate = socket === null ? null : peerX509(socket);
  return {
    ...peer(connection.source.text, connection.sourcePort, connection.peerCertificate),
    ...(certificate !== null && { certificate: encodeURIComponent(certificate.toString()) }),
  };
}

/** This side of the connection. */
export function destinationPeer(connection: ConnectionFacts): Peer {
  return peer(connection.destination.text, connection.destinationPort, connection.localCertificate);
}

function peer(ip: string, port: number, certificate: PeerCertificate | null): Peer {
  return {
    address: { address: { case: 'socketAddress', value: { address: ip, portSpecifier: { case: 'portValue', value: port } } } },
    principal: certificate?.uriSans[0] ?? certificate?.dnsSans[0] ?? certificate?.subject ?? '',
  };
}
