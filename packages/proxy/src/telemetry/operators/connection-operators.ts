import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { downstreamTls } from '../../listener/downstream-tls.ts';
import type { Host } from '../../upstream/host.ts';
import type { LogEntry } from '../log-entry.ts';
import { certificateOperators } from './certificate-operators.ts';
import { addressText, type OperatorTable, orMissing, plain } from './operator.ts';

/** Operators about the client's connection and the one upstream. */
export const connectionOperators: OperatorTable = {
  CONNECTION_ID: plain((entry) => entry.connection.connectionId),
  DOWNSTREAM_REMOTE_ADDRESS: plain((entry) => addressText(entry.remote.text, remotePort(entry))),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: plain((entry) => entry.remote.text),
  DOWNSTREAM_REMOTE_PORT: plain(remotePort),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: plain(({ connection }) => addressText(connection.directSource.text, connection.sourcePort)),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: plain(({ connection }) => connection.directSource.text),
  DOWNSTREAM_DIRECT_REMOTE_PORT: plain(({ connection }) => connection.sourcePort),
  DOWNSTREAM_LOCAL_ADDRESS: plain(({ connection }) => addressText(connection.destination.text, connection.destinationPort)),
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS: plain(({ connection }) => addressText(connection.destination.text, connection.destinationPort)),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: plain(({ connection }) => connection.destination.text),
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT: plain(({ connection }) => connection.destination.text),
  // Only addresses within Envoy have endpoint ids.
  DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID: plain(() => ''),
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID: plain(() => ''),
  UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID: plain((entry) => (remoteAddress(entry) === null ? null : '')),
  DOWNSTREAM_LOCAL_PORT: plain(({ connection }) => connection.destinationPort),
  DOWNSTREAM_DIRECT_LOCAL_PORT: plain(({ connection }) => connection.destinationPort),
  DOWNSTREAM_DETECTED_CLOSE_TYPE: plain(() => 'Normal'),
  DOWNSTREAM_HANDSHAKE_DURATION: plain(({ connection, protocol }) => (connection.isTls && protocol !== '' ? 0 : null)),
  UPSTREAM_SERVER_NAME: plain(({ upstreamSocket }) =>
    upstreamSocket instanceof TLSSocket ? orMissing(serverNameOf(upstreamSocket)) : null,
  ),
  UPSTREAM_CONNECTION_IDS_ATTEMPTED: plain(({ upstreamSocket }) => (upstreamSocket === null ? null : String(connectionId(upstreamSocket)))),
  REQUESTED_SERVER_NAME: (order) => (entry) => serverName(entry, order),
  ...certificateOperators('DOWNSTREAM', (entry) => downstreamTls(entry.connection)),
  DOWNSTREAM_PEER_URI_SAN: plain(({ connection }) => orMissing(connection.peerCertificate?.uriSans.join(','))),
  DOWNSTREAM_LOCAL_URI_SAN: plain(({ connection }) => orMissing(connection.localCertificate?.uriSans.join(','))),
  DOWNSTREAM_TLS_VERSION: plain(({ connection }) => orMissing(connection.tlsVersion)),
  ...certificateOperators('UPSTREAM', (entry) => (entry.upstreamSocket instanceof TLSSocket ? entry.upstreamSocket : null)),
  UPSTREAM_CONNECTION_ID: plain((entry) => (entry.upstreamSocket === null ? 0 : connectionId(entry.upstreamSocket))),
  UPSTREAM_PROTOCOL: plain((entry) => orMissing(entry.upstreamProtocol)),
  UPSTREAM_HOST: plain((entry) => entry.host?.address),
  UPSTREAM_REMOTE_ADDRESS: plain((entry) => remoteAddress(entry)?.text),
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: plain((entry) => remoteAddress(entry)?.ip),
  UPSTREAM_REMOTE_PORT: plain((entry) => remoteAddress(entry)?.port),
  UPSTREAM_LOCAL_ADDRESS: plain((entry) => orMissing(entry.upstreamLocalAddress)),
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: plain((entry) => orMissing(entry.upstreamLocalAddress.replace(/:\d+$/, ''))),
  UPSTREAM_LOCAL_PORT: plain((entry) => (entry.upstreamLocalAddress === '' ? null : Number(/\d+$/.exec(entry.upstreamLocalAddress)?.[0]))),
  UPSTREAM_HOST_NAME: plain(({ host }) => (host === null ? null : nameOfHost(host))),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: plain(({ host }) => (host === null ? null : withoutPort(nameOfHost(host)))),
  UPSTREAM_HOSTS_ATTEMPTED: plain(tried(({ address }) => address)),
  UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT: plain(tried(({ address }) => withoutPort(address))),
  UPSTREAM_HOST_NAMES_ATTEMPTED: plain(tried(nameOfHost)),
  UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT: plain(tried((host) => withoutPort(nameOfHost(host)))),
  UPSTREAM_CLUSTER: plain((entry) => entry.cluster?.plan.statName ?? routeCluster(entry)),
  UPSTREAM_CLUSTER_RAW: plain((entry) => entry.cluster?.plan.name ?? routeCluster(entry)),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain((entry) => entry.attemptCount),
  UPSTREAM_TRANSPORT_FAILURE_REASON: plain((entry) => orMissing(entry.transportFailure.replaceAll(' ', '_'))),
  UPSTREAM_DETECTED_CLOSE_TYPE: plain((entry) => (entry.host === null ? null : 'Normal')),
};

/** The name that this side asked for. */
function serverNameOf(socket: TLSSocket): string {
  return 'servername' in socket && typeof socket.servername === 'string' ? socket.servername : '';
}

const upstreamIds = new WeakMap<Socket, number>();
let lastUpstreamId = 0;

/** Connections upstream are numbered when a log first tells of them. */
function connectionId(socket: Socket): number {
  const known = upstreamIds.get(socket);
  if (known !== undefined) return known;
  upstreamIds.set(socket, ++lastUpstreamId);
  return lastUpstreamId;
}

/** The port belongs to the socket's peer: an address that a header told has none. */
function remotePort({ remote, connection }: LogEntry): number {
  return remote.text === connection.source.text ? connection.sourcePort : 0;
}

function serverName({ connection, authority }: LogEntry, order: string): string | null {
  const host = authority.replace(/:\d+$/, '');
  if (order === 'HOST_FIRST') return orMissing(host || connection.serverName);
  if (order === 'SNI_FIRST') return orMissing(connection.serverName || host);
  return orMissing(connection.serverName);
}

function remoteAddress({ host, upstreamProtocol, upstreamSocket }: LogEntry): { ip: string; port: number; text: string } | null {
  const address = host?.endpoint.address;
  if (address?.kind !== 'tcp' || (upstreamProtocol === '' && upstreamSocket === null)) return null;
  return { ip: address.host, port: address.port, text: addressText(address.host, address.port) };
}

function nameOfHost({ endpoint, address }: Host): string {
  return endpoint.hostname || address;
}

function withoutPort(address: string): string {
  return address.replace(/:\d+$/, '');
}

/** What is to be told of the hosts that were tried, of each once. */
function tried(tell: (host: Host) => string): (entry: LogEntry) => string | null {
  return ({ triedHosts }) => orMissing([...new Set(triedHosts)].map(tell).join(','));
}

/** The cluster of the route taken, for requests that were answered before one was chosen. */
function routeCluster({ decision, flags }: LogEntry): string | null {
  if (flags === 'NC') return null;
  if (decision?.kind !== 'localReply' && decision?.kind !== 'forward') return null;
  const action = decision.route?.action;
  if (action?.kind !== 'forward' || action.clusters.length !== 1) return null;
  const [only] = action.clusters;
  return only?.clusterHeader === null ? only.name : null;
}
