import type { Socket } from 'node:net';
import type { ConnectionFacts } from '@weft/core/plan/facts';
import { type IpAddress, parseIpAddress } from '@weft/core/plan/ip-address';

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const versionAndProxy = 0x21;
const versionAndLocal = 0x20;
const tcp4 = 0x11;
const tcp6 = 0x21;

interface Ends {
  readonly source: IpAddress;
  readonly sourcePort: number;
  readonly destination: IpAddress;
  readonly destinationPort: number;
}

/**
 * The PROXY protocol header of an upstream connection (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt): the downstream's addresses
 * where it was made for one; otherwise version 1 tells its own addresses and version 2 that the proxy speaks for itself.
 */
export function proxyProtocolHeader(version: 'V1' | 'V2', downstream: ConnectionFacts | null, socket: Socket): Buffer {
  if (version === 'V2') return binaryHeader(downstream);
  const ends = downstream ?? endsOf(socket);
  if (ends === null || ends.source.family !== ends.destination.family) return Buffer.from('PROXY UNKNOWN\r\n');
  const { source, sourcePort, destination, destinationPort } = ends;
  return Buffer.from(`PROXY TCP${source.family} ${source.text} ${destination.text} ${sourcePort} ${destinationPort}\r\n`);
}

function binaryHeader(ends: Ends | null): Buffer {
  if (ends === null || ends.source.family !== ends.destination.family) {
    return Buffer.concat([signature, Buffer.from([versionAndLocal, 0, 0, 0])]);
  }
  const { source, sourcePort, destination, destinationPort } = ends;
  const addresses = Buffer.concat([addressBytes(source), addressBytes(destination), portBytes(sourcePort), portBytes(destinationPort)]);
  const family = source.family === 4 ? tcp4 : tcp6;
  return Buffer.concat([signature, Buffer.from([versionAndProxy, family]), portBytes(addresses.length), addresses]);
}

function endsOf(socket: Socket): Ends | null {
  const source = parseIpAddress(socket.localAddress ?? '');
  const destination = parseIpAddress(socket.remoteAddress ?? '');
  if (source === null || destination === null) return null;
  return { source, sourcePort: socket.localPort ?? 0, destination, destinationPort: socket.remotePort ?? 0 };
}

function addressBytes({ words, family }: IpAddress): Buffer {
  const bytes = Buffer.alloc(family === 4 ? 4 : 16);
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word >>> 0, index * 4);
  return bytes;
}

function portBytes(port: number): Buffer {
  return Buffer.from([port >> 8, port & 255]);
}
