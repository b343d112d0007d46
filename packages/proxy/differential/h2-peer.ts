import type { Socket } from 'node:net';
import { frame } from '../src/http/h2-frames.ts';
import { h2Frame } from './h2-client.ts';

/** One frame as it came. */
export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** An end of an HTTP/2 connection that does what it is told, frame by frame, and notes what comes. */
export class H2Peer {
  readonly frames: SeenFrame[] = [];
  isClosed = false;
  readonly #socket: Socket;
  #pending: Buffer;
  #skip: number;
  #onChange: () => void = () => {};

  /** `skip`: bytes before the first frame, the preface where the other end is a client. */
  constructor(socket: Socket, skip: number, onFrame: (peer: H2Peer, seen: SeenFrame) => void = () => {}) {
    this.#socket = socket;
    this.#skip = skip;
    this.#pending = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      this.#pending = Buffer.concat([this.#pending, bytes]);
      for (const seen of this.#read()) {
        this.frames.push(seen);
        onFrame(this, seen);
      }
      this.#onChange();
    });
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.isClosed = true;
        this.#onChange();
      });
    }
  }

  send(...frames: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(frames));
  }

  of(type: number): SeenFrame[] {
    return this.frames.filter((seen) => seen.type === type);
  }

  /** SETTINGS by identifier, and the credit given to the connection. */
  get announced(): object {
    const settings = this.of(frame.settings)[0]?.payload ?? Buffer.alloc(0);
    const pairs = Array.from({ length: settings.length / 6 }, (_, i) => [settings.readUInt16BE(6 * i), settings.readUInt32BE(6 * i + 2)]);
    const [credit] = this.of(frame.windowUpdate);
    return { settings: pairs, credit: credit?.stream === 0 ? credit.payload.readUInt32BE(0) : null };
  }

  /** Waits until the condition holds; answers whether it does after at most `ms`. */
  until(condition: () => boolean, ms = 5000): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (isMet: boolean): void => {
        clearTimeout(limit);
        this.#onChange = () => {};
        resolve(isMet);
      };
      const limit = setTimeout(finish, ms, false);
      this.#onChange = () => {
        if (condition()) finish(true);
      };
      this.#onChange();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  *#read(): Generator<SeenFrame> {
    if (this.#pending.length < this.#skip) return;
    let bytes = this.#pending.subarray(this.#skip);
    this.#skip = 0;
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3);
      yield { type: bytes[3] ?? 0, flags: bytes[4] ?? 0, stream: bytes.readUInt32BE(5) & 0x7fffffff, payload: bytes.subarray(9, end) };
      bytes = bytes.subarray(end);
    }
    this.#pending = bytes;
  }
}

/** A SETTINGS frame of identifiers and values in turn. */
export function h2Settings(...settings: readonly number[]): Buffer {
  const payload = Buffer.alloc((settings.length / 2) * 6);
  for (let i = 0; i < settings.length; i += 2) {
    payload.writeUInt16BE(settings[i] ?? 0, i * 3);
    payload.writeUInt32BE(settings[i + 1] ?? 0, i * 3 + 2);
  }
  return h2Frame(frame.settings, 0, 0, payload);
}
