import type { Connection, ConnectionOwner } from '../io/connection.ts';
import type { Timer, TimerOwner, TimerWheel } from '../io/timer-wheel.ts';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** What a detector tells, once. */
export interface PrefaceOwner {
  onProtocol(isHttp2: boolean, bytes: Buffer): void;
  onGone(): void;
}

/** Tells HTTP/2 prior knowledge from HTTP/1 by the first bytes, where neither ALPN nor the configuration says. */
export class PrefaceDetector implements ConnectionOwner, TimerOwner {
  #connection: Connection;
  #owner: PrefaceOwner;
  #held: Buffer;
  #timer: Timer | null = null;

  /** `first`: bytes read already. */
  constructor(connection: Connection, first: Buffer, owner: PrefaceOwner) {
    this.#connection = connection;
    this.#held = first;
    this.#owner = owner;
  }

  /** Decides, at once or when enough has come; a client that says too little for `waitMs` (0: for ever) is let go. */
  start(timers: TimerWheel, waitMs: number): void {
    if (this.#decide()) return;
    this.#connection.owner = this;
    if (waitMs > 0) this.#timer = timers.schedule(waitMs, this, 'silence');
  }

  onTimer(): void {
    this.#connection.destroy();
  }

  onData(bytes: Buffer, length: number): void {
    const received = bytes.subarray(0, length);
    this.#held = this.#held.length === 0 ? Buffer.from(received) : Buffer.concat([this.#held, received]);
    this.#decide();
  }

  onEnd(): void {
    this.#connection.destroy();
  }

  onDrain(): void {}

  onClose(): void {
    this.#timer?.cancel();
    this.#owner.onGone();
  }

  #decide(): boolean {
    const held = this.#held;
    if (held.length === 0) return false;
    const length = Math.min(held.length, preface.length);
    const isPrefix = held.latin1Slice(0, length) === preface.slice(0, length);
    if (isPrefix && length < preface.length) return false;
    this.#timer?.cancel();
    this.#owner.onProtocol(isPrefix, held);
    return true;
  }
}
