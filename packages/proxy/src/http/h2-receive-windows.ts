import type { Http2OptionsPlan } from '@weft/core/plan/cluster-plan';
import type { H2Stream } from './h2-stream.ts';

/** Where credit is given; stream 0 is the connection. */
export interface CreditSink {
  windowUpdate(stream: number, credit: number): void;
}

const initialWindow = 65535;

/**
 * The windows that a peer may send within (RFC 9113 section 5.2). What a paused stream receives counts against the connection as well until
 * the stream goes on, so the connection's window bounds what a peer can make us hold, however many streams it opens.
 */
export class H2ReceiveWindows {
  readonly #streamBytes: number;
  readonly #connectionBytes: number;
  #out: CreditSink;
  /** Received and passed on, but not credited to the connection yet. */
  #uncredited = 0;
  /** Received on paused streams. */
  #held = 0;

  constructor(options: Http2OptionsPlan, out: CreditSink) {
    this.#streamBytes = options.initialStreamWindowBytes;
    this.#connectionBytes = options.initialConnectionWindowBytes;
    this.#out = out;
  }

  /** Opens the connection's window as far as it goes; the streams' is told by SETTINGS. */
  open(): void {
    if (this.#connectionBytes > initialWindow) this.#out.windowUpdate(0, this.#connectionBytes - initialWindow);
  }

  /** Counts a DATA frame, padding included, on any stream; answers false when the connection's window is overrun. */
  takeOfConnection(bytes: number): boolean {
    this.#uncredited += bytes;
    return this.#uncredited + this.#held <= this.#connectionBytes;
  }

  /** Answers false when the stream's window is overrun. */
  takeOfStream(stream: H2Stream, bytes: number): boolean {
    stream.uncredited += bytes;
    return stream.uncredited <= this.#streamBytes;
  }

  /** The frame has been passed on; a stream that is paused by now keeps what it took. */
  settle(stream: H2Stream, bytes: number): void {
    if (!stream.isReadPaused) this.creditStream(stream);
    else if (!stream.isClosed) {
      stream.held += bytes;
      this.#held += bytes;
      this.#uncredited -= bytes;
    }
  }

  /** The stream goes on or is over. */
  release(stream: H2Stream): void {
    this.#held -= stream.held;
    this.#uncredited += stream.held;
    stream.held = 0;
  }

  creditStream(stream: H2Stream): void {
    if (stream.uncredited < this.#streamBytes >> 2 || stream.isClosed || stream.hasRemoteEnd) return;
    this.#out.windowUpdate(stream.id, stream.uncredited);
    stream.uncredited = 0;
  }

  /** Gives credit once a quarter of what streams that go on can use is taken. */
  creditConnection(): void {
    if (this.#uncredited <= (this.#connectionBytes - this.#held) >> 2 || this.#uncredited === 0) return;
    this.#out.windowUpdate(0, this.#uncredited);
    this.#uncredited = 0;
  }
}
