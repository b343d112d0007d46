/** An IP address, parsed once per connection so that CIDR tests on the hot path are integer comparisons. */
export interface IpAddress {
  readonly text: string;
  readonly family: 4 | 6;
  /** Big-endian 32-bit words: one for IPv4, four for IPv6. An IPv4-mapped IPv6 address has family 4. */
  readonly words: readonly number[];
}

/** A network in CIDR form. */
export interface IpRange {
  readonly text: string;
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly prefixLength: number;
}

/** Parses an IPv4 or IPv6 address (no zone, no brackets); null when it is neither. */
export function parseIpAddress(text: string): IpAddress | null {
  const v4 = parseV4(text);
  if (v4 !== null) return { text, family: 4, words: [v4] };
  const words = parseV6(text);
  if (words === null) return null;
  const [a, b, c, d] = words;
  if (a === 0 && b === 0 && c === 0xffff && d !== undefined) return { text: formatV4(d), family: 4, words: [d] };
  return { text, family: 6, words };
}

/** The network `address/prefixLength`; null when the address is none. */
export function parseIpRange(address: string, prefixLength: number | null): IpRange | null {
  const ip = parseIpAddress(address);
  if (ip === null) return null;
  const length = Math.min(prefixLength ?? 128, ip.family === 4 ? 32 : 128);
  return { text: `${address}/${length}`, family: ip.family, words: ip.words, prefixLength: length };
}

/** Whether an address lies in a network. */
export function isInRange(ip: IpAddress, range: IpRange): boolean {
  if (ip.family !== range.family) return false;
  let bits = range.prefixLength;
  for (let i = 0; bits > 0; i++, bits -= 32) {
    const difference = (ip.words[i] ?? 0) ^ (range.words[i] ?? 0);
    if (bits >= 32 ? difference !== 0 : difference >>> (32 - bits) !== 0) return false;
  }
  return true;
}

/** Whether two addresses are the same. */
export function isSameIp(a: IpAddress, b: IpAddress): boolean {
  return a.family === b.family && a.words.every((word, i) => word === b.words[i]);
}

/** Whether an address is loopback: `127.0.0.0/8` or `::1`. */
export function isLoopbackIp(ip: IpAddress): boolean {
  if (ip.family === 4) return (ip.words[0] ?? 0) >>> 24 === 127;
  return ip.words[0] === 0 && ip.words[1] === 0 && ip.words[2] === 0 && ip.words[3] === 1;
}

/** The network of an address in CIDR form: `10.1.0.0/16`. */
export function networkText(ip: IpAddress, prefixLength: number): string {
  const words = ip.words.map((word, i) => {
    const bits = Math.max(0, Math.min(32, prefixLength - i * 32));
    return bits === 0 ? 0 : (word & (-1 << (32 - bits))) >>> 0;
  });
  return `${ip.family === 4 ? formatV4(words[0] ?? 0) : formatV6(words)}/${prefixLength}`;
}

function parseV4(text: string): number | null {
  if (text.length < 7 || text.length > 15) return null;
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 46) {
      if (octet < 0 || ++dots > 3) return null;
      value = value * 256 + octet;
      octet = -1;
    } else if (code >= 48 && code <= 57) {
      octet = octet < 0 ? code - 48 : octet * 10 + code - 48;
      if (octet > 255) return null;
    } else return null;
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : null;
}

function parseV6(text: string): number[] | null {
  if (!text.includes(':')) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? '');
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '') : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return [0, 2, 4, 6].map((i) => (groups[i] ?? 0) * 65536 + (groups[i + 1] ?? 0));
}

function groupsOf(text: string): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const v4 = i === parts.length - 1 ? parseV4(part) : null;
    if (v4 !== null) groups.push(Math.floor(v4 / 65536), v4 % 65536);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}

/** RFC 5952: the longest run of zero groups is left out. */
function formatV6(words: readonly number[]): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  const text = groups.map((group) => group.toString(16)).join(':');
  const runs = text.match(/(?:^|:)0(?::0)+(?=:|$)/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const at = text.indexOf(longest);
  return `${text.slice(0, at)}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}

function formatV4(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.');
}
