import type { Headers } from './headers.ts';

/** One stream's state on the wire; what it means is the subclass's business. */
export class H2Stream {
  readonly id: number;
  sendWindow: number;
  /** Bytes received that the peer has not been given credit for yet. */
  uncredited = 0;
  /** Bytes received while paused, which the connection's window lacks. */
  held = 0;
  isReadPaused = false;
  hasLocalEnd = false;
  hasRemoteEnd = false;
  isClosed = false;
  /** The code that the peer reset it with; null where it did not. */
  peerReset: number | null = null;
  /** Body bytes that wait for window or socket. */
  queue: Buffer[] = [];
  queuedBytes = 0;
  /** What follows the queue: nothing yet, the end, or trailers. */
  queuedEnd: 'none' | 'end' | Headers = 'none';
  /** In the connection's list of streams that wait to send. */
  isBlocked = false;
  /** Declared content length, -1 without; and what came so far. */
  expectedBytes = -1;
  receivedBytes = 0;
  /** Bytes of its frames, heads included. */
  wireBytesReceived = 0;
  wireBytesSent = 0;
  hasHead = false;

  constructor(id: number, sendWindow: number) {
    this.id = id;
    this.sendWindow = sendWindow;
  }
}
