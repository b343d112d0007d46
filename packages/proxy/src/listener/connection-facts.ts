import type { ConnectionFacts, PeerCertificate } from '@weft/core/plan/facts';
import { type IpAddress, parseIpAddress } from '@weft/core/plan/ip-address';
import type { Connection } from '../io/connection.ts';
import type { FirstBytes } from './inspector.ts';

const unknownIp: IpAddress = parseIpAddress('0.0.0.0') as IpAddress;

/** What is known of a connection, filled in as it becomes known. */
export class Facts implements ConnectionFacts {
  destination: IpAddress;
  destinationPort: number;
  isDestinationRestored: boolean;
  source: IpAddress;
  sourcePort: number;
  readonly directSource: IpAddress;
  readonly transportProtocol: 'tls' | 'raw_buffer';
  readonly applicationProtocols: readonly string[];
  readonly serverName: string;
  isTls = false;
  tlsVersion = '';
  localCertificate: PeerCertificate | null = null;
  peerCertificate: PeerCertificate | null = null;
  readonly connectionId: number;
  metadata: ConnectionFacts['metadata'] = null;

  constructor(connection: Connection, first: FirstBytes | null, connectionId: number) {
    const { socket } = connection;
    this.connectionId = connectionId;
    this.directSource = parseIpAddress(socket.remoteAddress ?? '') ?? unknownIp;
    const told = first?.proxyHeader ?? null;
    this.source = parseIpAddress(told?.source?.ip ?? '') ?? this.directSource;
    this.sourcePort = told?.source?.port ?? socket.remotePort ?? 0;
    this.destination = parseIpAddress(told?.destination?.ip ?? socket.localAddress ?? '') ?? unknownIp;
    this.destinationPort = told?.destination?.port ?? socket.localPort ?? 0;
    this.isDestinationRestored = told?.destination != null;
    this.transportProtocol = first?.hello ? 'tls' : 'raw_buffer';
    this.serverName = first?.hello?.serverName ?? '';
    this.applicationProtocols = first?.hello ? first.hello.alpn : first?.httpProtocol ? [first.httpProtocol] : [];
  }
}
