import ipaddr from 'ipaddr.js';

/** An IP network: an address of 4 or 16 bytes and how many leading bits count. */
export interface Cidr {
  readonly bytes: readonly number[];
  readonly prefixLength: number;
}

/** The 4 or 16 bytes of an IP address, or null when the text is none. Short forms (`10.1`, octal) are refused, zones (`fe80::1%eth0`) too. */
export function parseIp(text: string): readonly number[] | null {
  if (text.length > 45 || text.includes('%')) return null;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text).toByteArray();
  return text.includes(':') && ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text).toByteArray() : null;
}

/** Whether the text is an IPv4 or IPv6 address. */
export function isIp(text: string): boolean {
  return parseIp(text) !== null;
}

/** Whether the text is an IPv6 address. */
export function isIpv6(text: string): boolean {
  return parseIp(text)?.length === 16;
}

/** A network in CIDR form or a bare address (all bits count), or null when the text is neither. */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/');
  const bytes = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (bytes === null) return null;
  const bits = bytes.length * 8;
  if (slash < 0) return { bytes, prefixLength: bits };
  const length = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits) return null;
  return { bytes, prefixLength: Number(length) };
}

/** Whether the network holds the address; an IPv4 network never holds an IPv6 address. */
export function cidrContains(cidr: Cidr, address: readonly number[]): boolean {
  if (cidr.bytes.length !== address.length) return false;
  const whole = cidr.prefixLength >> 3;
  for (let i = 0; i < whole; i++) if (cidr.bytes[i] !== address[i]) return false;
  const rest = cidr.prefixLength & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((cidr.bytes[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask);
}

/** The address in its one canonical spelling (RFC 5952 for IPv6), or the text itself when it is no address. */
export function canonicalIp(text: string): string {
  const bytes = parseIp(text);
  return bytes === null ? text : ipaddr.fromByteArray([...bytes]).toString();
}
