import type { Connection, ConnectionOwner } from '../io/connection.ts';

const maxHeldBytes = 64 * 1024;

/** Holds what a client sends back until it is known whether it may come in. */
export class ConnectionGate implements ConnectionOwner {
  /** The client left: nobody need be told of a verdict. */
  isGone = false;
  heldBytes = 0;
  readonly #connection: Connection;
  readonly #onGone: () => void;
  #held: Buffer[];
  #hasEnded = false;

  /** `first`: bytes read already. `onGone` is called when the client leaves before the gate opens. */
  constructor(connection: Connection, first: Buffer, onGone: () => void) {
    this.#connection = connection;
    this.#held = first.length === 0 ? [] : [first];
    this.#onGone = onGone;
    this.heldBytes = first.length;
    connection.owner = this;
  }

  /** Gives the connection to `serve`, with the bytes that were held; an end that was met follows them. */
  open(serve: (bytes: Buffer) => void): void {
    const connection = this.#connection;
    if (this.heldBytes > maxHeldBytes) connection.resume();
    serve(Buffer.concat(this.#held));
    if (this.#hasEnded && connection.isOpen) connection.owner.onEnd();
  }

  onData(bytes: Buffer, length: number): void {
    this.#held.push(Buffer.from(bytes.subarray(0, length)));
    this.heldBytes += length;
    if (this.heldBytes > maxHeldBytes) this.#connection.pause();
  }

  onEnd(): void {
    this.#hasEnded = true;
  }

  onDrain(): void {}

  onClose(): void {
    this.isGone = true;
    this.#onGone();
  }
}
