/** What the TLS inspector reads of the first flight. */
export interface ClientHello {
  /** Lower-case; `''` when none was sent. */
  readonly serverName: string;
  readonly alpn: readonly string[];
}

/** The outcome of looking at the first bytes. */
export type Inspection = { readonly kind: 'tls'; readonly hello: ClientHello } | { readonly kind: 'plain' } | { readonly kind: 'more' };

const maxHelloBytes = 64 * 1024;

/** Reads a TLS ClientHello (RFC 8446 section 4.1.2), possibly spread over several records. Anything malformed counts as plain bytes. */
export function inspectClientHello(bytes: Buffer): Inspection {
  if (bytes.length === 0) return { kind: 'more' };
  if (bytes[0] !== 22) return { kind: 'plain' };
  if (bytes.length > 1 && bytes[1] !== 3) return { kind: 'plain' };
  const handshake = collectHandshake(bytes);
  if (handshake === 'plain') return { kind: 'plain' };
  if (handshake === null) return bytes.length > maxHelloBytes ? { kind: 'plain' } : { kind: 'more' };
  const hello = parseHello(handshake);
  return hello === null ? { kind: 'plain' } : { kind: 'tls', hello };
}

/** The first handshake message's body; null while incomplete. */
function collectHandshake(bytes: Buffer): Buffer | null | 'plain' {
  const parts: Buffer[] = [];
  let have = 0;
  let p = 0;
  while (p + 5 <= bytes.length) {
    if (bytes[p] !== 22) return 'plain';
    const length = bytes.readUInt16BE(p + 3);
    if (length === 0 || length > 16640) return 'plain';
    const end = Math.min(bytes.length, p + 5 + length);
    parts.push(bytes.subarray(p + 5, end));
    have += end - p - 5;
    const message = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    if (message.length >= 1 && message[0] !== 1) return 'plain';
    if (message.length >= 4) {
      const needed = message.readUIntBE(1, 3);
      if (needed > maxHelloBytes) return 'plain';
      if (have >= 4 + needed) return message.subarray(4, 4 + needed);
    }
    p = p + 5 + length;
  }
  return null;
}

function parseHello(body: Buffer): ClientHello | null {
  const reader = new Reader(body);
  reader.skip(2 + 32);
  reader.skip(reader.uint8());
  reader.skip(reader.uint16());
  reader.skip(reader.uint8());
  if (reader.isBroken) return null;
  if (reader.left === 0) return { serverName: '', alpn: [] };
  const extensions = reader.take(reader.uint16());
  if (reader.isBroken) return null;
  return readExtensions(new Reader(extensions));
}

function readExtensions(reader: Reader): ClientHello | null {
  let serverName = '';
  let alpn: string[] = [];
  while (reader.left >= 4) {
    const type = reader.uint16();
    const data = reader.take(reader.uint16());
    if (reader.isBroken) return null;
    if (type === 0) serverName = readServerName(new Reader(data));
    else if (type === 16) alpn = readAlpn(new Reader(data));
  }
  return { serverName: serverName.toLowerCase(), alpn };
}

function readServerName(reader: Reader): string {
  reader.uint16();
  if (reader.uint8() !== 0) return '';
  const name = reader.take(reader.uint16());
  return reader.isBroken ? '' : name.latin1Slice(0, name.length);
}

function readAlpn(reader: Reader): string[] {
  const names: string[] = [];
  reader.uint16();
  while (reader.left > 0) {
    const name = reader.take(reader.uint8());
    if (reader.isBroken) return [];
    names.push(name.latin1Slice(0, name.length));
  }
  return names;
}

/** Reads forward; running over the end sets `isBroken` and yields zeros. */
class Reader {
  isBroken = false;
  #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    if (!this.#has(1)) return 0;
    return this.#bytes[this.#at++] ?? 0;
  }

  uint16(): number {
    if (!this.#has(2)) return 0;
    const value = this.#bytes.readUInt16BE(this.#at);
    this.#at += 2;
    return value;
  }

  skip(count: number): void {
    if (this.#has(count)) this.#at += count;
  }

  take(count: number): Buffer {
    if (!this.#has(count)) return this.#bytes.subarray(0, 0);
    const part = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return part;
  }

  #has(count: number): boolean {
    if (this.left >= count) return true;
    this.isBroken = true;
    return false;
  }
}
