import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** Addresses told by a PROXY protocol header; null for `UNKNOWN` and `LOCAL`. */
export interface ProxyHeader {
  readonly source: { readonly ip: string; readonly port: number } | null;
  readonly destination: { readonly ip: string; readonly port: number } | null;
}

/** Outcome of looking for a header at the start of a connection. */
export type ProxyHeaderParse =
  | { readonly kind: 'header'; readonly header: ProxyHeader; readonly length: number }
  | { readonly kind: 'more' | 'none' | 'invalid' };

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const textPrefix = Buffer.from('PROXY ');
const maxTextLength = 107;
const nobody: ProxyHeader = { source: null, destination: null };

/** Parses a PROXY protocol header, version 1 or 2 (haproxy `proxy-protocol.txt`); one of a version that is not allowed counts as none. */
export function parseProxyHeader(bytes: Buffer, disallowed: readonly string[] = []): ProxyHeaderParse {
  if (startsAs(bytes, signature) && !disallowed.includes('V2')) return bytes.length < 16 ? { kind: 'more' } : parseBinary(bytes);
  if (startsAs(bytes, textPrefix) && !disallowed.includes('V1')) return parseText(bytes);
  return { kind: 'none' };
}

function startsAs(bytes: Buffer, prefix: Buffer): boolean {
  const length = Math.min(bytes.length, prefix.length);
  return length > 0 && bytes.compare(prefix, 0, length, 0, length) === 0;
}

function parseText(bytes: Buffer): ProxyHeaderParse {
  const end = bytes.indexOf('\r\n');
  if (end < 0) return bytes.length > maxTextLength ? { kind: 'invalid' } : { kind: 'more' };
  const [, family, source = '', destination = '', sourcePort, destinationPort] = bytes.latin1Slice(0, end).split(' ');
  if (family === 'UNKNOWN') return { kind: 'header', header: nobody, length: end + 2 };
  const isValid = family === 'TCP4' ? isIPv4(source) && isIPv4(destination) : family === 'TCP6' && isIPv6(source) && isIPv6(destination);
  const from = Number(sourcePort);
  const to = Number(destinationPort);
  if (!isValid || !isPort(from) || !isPort(to)) return { kind: 'invalid' };
  const header = { source: { ip: canonicalIp(source), port: from }, destination: { ip: canonicalIp(destination), port: to } };
  return { kind: 'header', header, length: end + 2 };
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65535;
}

function parseBinary(bytes: Buffer): ProxyHeaderParse {
  const command = bytes[12] ?? 0;
  if (command >>> 4 !== 2 || (command & 15) > 1) return { kind: 'invalid' };
  const length = 16 + bytes.readUInt16BE(14);
  if (bytes.length < length) return { kind: 'more' };
  const family = bytes[13] ?? 0;
  if ((command & 15) === 0) return { kind: 'header', header: nobody, length };
  const size = addressBytes.get(family) ?? 0;
  if (size === 0 || length < 16 + 2 * size + 4) return { kind: 'invalid' };
  const ports = 16 + 2 * size;
  const header = {
    source: { ip: ipText(bytes.subarray(16, 16 + size)), port: bytes.readUInt16BE(ports) },
    destination: { ip: ipText(bytes.subarray(16 + size, ports)), port: bytes.readUInt16BE(ports + 2) },
  };
  return { kind: 'header', header, length };
}

/** Bytes of an address by family and transport; as in Envoy, addresses of datagrams are as good as those of streams. */
const addressBytes: ReadonlyMap<number, number> = new Map([
  [0x11, 4],
  [0x12, 4],
  [0x21, 16],
  [0x22, 16],
]);

function ipText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(bytes.readUInt16BE(i).toString(16));
  return canonicalIp(groups.join(':'));
}

function canonicalIp(ip: string): string {
  return isIPv6(ip) ? new SocketAddress({ address: ip, family: 'ipv6' }).address : ip;
}
