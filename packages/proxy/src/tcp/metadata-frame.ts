import { fromBinary, fromJson, toBinary } from '@bufbuild/protobuf';
import { AnySchema, anyPack, anyUnpack, type Struct, StructSchema } from '@bufbuild/protobuf/wkt';

/** ALPN name by which two proxies agree to begin with what they are (Istio's metadata_exchange filter). */
export const peerExchangeAlpn = 'istio-peer-exchange';

const magic = 0x3d230467;
const headerBytes = 8;
/** A frame that claims to be larger is none. */
const maxFrameBytes = 64 * 1024;
const metadataField = 'x-envoy-peer-metadata';
const idField = 'x-envoy-peer-metadata-id';

/** The frame a proxy begins a connection with: a magic number, a length, and its metadata as a packed struct. */
export function encodeMetadataFrame(metadata: Struct, id: string): Buffer {
  const data = fromJson(StructSchema, { [idField]: id });
  data.fields[metadataField] = { $typeName: 'google.protobuf.Value', kind: { case: 'structValue', value: metadata } };
  const body = toBinary(AnySchema, anyPack(StructSchema, data));
  const frame = Buffer.alloc(headerBytes + body.length);
  frame.writeUInt32BE(magic, 0);
  frame.writeUInt32BE(body.length, 4);
  frame.set(body, headerBytes);
  return frame;
}

/** What a peer told: its metadata and node id; null when it told none, and its first bytes were payload. */
export interface PeerTold {
  readonly metadata: Struct;
  readonly id: string;
}

/** Takes the frame off the beginning of a connection, whatever the pieces it comes in. */
export class MetadataFrameReader {
  #held: Buffer[] = [];
  #length = 0;

  /** Null until the frame is complete; then what was told and the payload behind it. */
  read(bytes: Buffer): { readonly told: PeerTold | null; readonly rest: Buffer } | null {
    this.#held.push(Buffer.from(bytes));
    this.#length += bytes.length;
    const whole = this.#held.length === 1 ? (this.#held[0] ?? noBytes) : Buffer.concat(this.#held);
    this.#held = [whole];
    if (this.#length < headerBytes) return isPrefixOfMagic(whole) ? null : { told: null, rest: whole };
    if (whole.readUInt32BE(0) !== magic) return { told: null, rest: whole };
    const end = headerBytes + whole.readUInt32BE(4);
    if (end > maxFrameBytes) return { told: null, rest: whole };
    return this.#length < end ? null : { told: decode(whole.subarray(headerBytes, end)), rest: whole.subarray(end) };
  }
}

const noBytes = Buffer.alloc(0);
const magicBytes = Buffer.from([0x3d, 0x23, 0x04, 0x67]);

function isPrefixOfMagic(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, magicBytes.length);
  return bytes.subarray(0, length).equals(magicBytes.subarray(0, length));
}

/** A body that cannot be read tells nothing. */
function decode(body: Buffer): PeerTold | null {
  try {
    const data = anyUnpack(fromBinary(AnySchema, body), StructSchema);
    const metadata = data?.fields[metadataField]?.kind;
    const id = data?.fields[idField]?.kind;
    if (metadata?.case !== 'structValue') return null;
    return { metadata: metadata.value, id: id?.case === 'stringValue' ? id.value : '' };
  } catch {
    return null;
  }
}
