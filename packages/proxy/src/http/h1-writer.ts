import type { Connection } from '../io/connection.ts';
import { type Framing, framing } from './h1-head.ts';

/** Writes HTTP/1.1 messages: a head waits for the first bytes of its body, so that small messages are one write. */
export class H1Writer {
  /** How the body under way is framed. */
  framing: Framing = framing.none;
  /** Bytes written since it was last set to 0. */
  wireBytes = 0;
  readonly #connection: Connection;
  #waiting = '';

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Writes latin-1 text: a character is a byte. */
  text(text: string): boolean {
    this.wireBytes += text.length;
    return this.#connection.write(text);
  }

  /** Takes a head that is followed by a body. */
  holdHead(text: string): void {
    this.#waiting = text;
  }

  /** Sends a head that waits. */
  flush(): void {
    if (this.#waiting === '') return;
    const text = this.#waiting;
    this.#waiting = '';
    this.text(text);
  }

  /** Forgets a head that waits. */
  drop(): void {
    this.#waiting = '';
  }

  /** Writes a part of the body; `end` adds the last chunk to a chunked one. Answers false when the source should pause. */
  body(bytes: Buffer, from: number, to: number, end: boolean): boolean {
    return this.framing === framing.chunked ? this.#chunk(bytes, from, to, end) : this.#plain(bytes, from, to);
  }

  /** Ends a chunked body with trailer lines; other bodies cannot have any. */
  trailers(lines: string): void {
    this.flush();
    if (this.framing === framing.chunked) this.text(`0\r\n${lines}\r\n`);
  }

  #plain(bytes: Buffer, from: number, to: number): boolean {
    const head = this.#waiting;
    if (head === '') return to > from ? this.#bytes(bytes, from, to) : true;
    this.#waiting = '';
    if (to - from <= inlineBodyBytes) return this.text(head + bytes.latin1Slice(from, to));
    this.text(head);
    return this.#bytes(bytes, from, to);
  }

  #chunk(bytes: Buffer, from: number, to: number, end: boolean): boolean {
    const head = this.#waiting;
    this.#waiting = '';
    const length = to - from;
    const terminator = end ? '0\r\n\r\n' : '';
    if (length === 0) return head === '' && !end ? true : this.text(head + terminator);
    const start = `${head}${length.toString(16)}\r\n`;
    if (length <= inlineBodyBytes) return this.text(`${start}${bytes.latin1Slice(from, to)}\r\n${terminator}`);
    this.text(start);
    this.#bytes(bytes, from, to);
    return this.text(`\r\n${terminator}`);
  }

  #bytes(bytes: Buffer, from: number, to: number): boolean {
    this.wireBytes += to - from;
    return this.#connection.writeBytes(bytes, from, to);
  }
}

/** Bodies up to this size go out in one write with the head. */
const inlineBodyBytes = 8 * 1024;
