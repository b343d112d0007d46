import net from 'node:net';
import type { TLSSocket } from 'node:tls';
import { detachHandle } from './detach-handle.ts';
import { GatheredOutput } from './gathered-output.ts';
import { reportMistake } from './mistakes.ts';
import { readInto } from './shared-read.ts';
import { type ConnectOptions, connectSocket } from './sockets.ts';
import { largeWriteBytes, smallWriteBytes, writeCopied } from './write-copied.ts';

/** What a connection tells the codec that owns it. Bytes given to `onData` are only valid during the call. */
export interface ConnectionOwner {
  onData(bytes: Buffer, length: number): void;
  /** The peer finished sending (FIN); writing is still possible. */
  onEnd(): void;
  /** A write that had returned false is through. */
  onDrain(): void;
  /** The connection is gone; nothing follows. */
  onClose(): void;
}

/** Counts what connections move. */
export interface ByteMeter {
  readonly received: { value: number };
  readonly sent: { value: number };
}

/** Monotonic milliseconds; a connection without TLS is ready when it is connected. */
export interface ConnectionOpening {
  readonly beganAt: number;
  readonly connectedAt: number;
  readonly readyAt: number;
}

const unmeasured: ByteMeter = { received: { value: 0 }, sent: { value: 0 } };

/** Sockets of a thread all read into this buffer: data is consumed synchronously, so one is enough. Large reads make few, large writes. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);
const tlsInFlightBytes = 256 * 1024;

/**
 * One TCP or TLS connection behind a small contract, so that codecs never see streams. `write…` return false when the source should
 * stop reading until `onDrain`: that follows `write()`'s own return value, because `'drain'` is only emitted after a false.
 */
export class Connection {
  owner: ConnectionOwner = ignoreEverything;
  isOpen = true;
  bytesRead = 0;
  bytesWritten = 0;
  /** The peer ended the connection, or broke it, before this side did. */
  isEndedByPeer = false;
  /** When it was opened, of a connection that this side opened for requests. */
  opening: ConnectionOpening | null = null;
  /** The error that ended the connection, if one did. */
  error: NodeJS.ErrnoException | null = null;
  #socket: net.Socket;
  #isTls: boolean;
  #meter: ByteMeter = unmeasured;
  #isEndedHere = false;
  /** Takes bodies that come in many parts; null until one does. */
  #gathered: GatheredOutput | null = null;

  private constructor(socket: net.Socket | null, isTls: boolean) {
    this.#isTls = isTls;
    this.#socket = socket ?? unopened;
    if (socket !== null) this.#listen(socket);
  }

  /** Takes an accepted socket (server option `pauseOnConnect`) over, reading into the shared buffer where Node allows it. */
  static accept(accepted: net.Socket): Connection {
    const handle = detachHandle(accepted);
    const connection = new Connection(null, false);
    if (handle === null) {
      connection.#adoptReadable(accepted);
      accepted.resume();
      return connection;
    }
    const options = { handle, allowHalfOpen: true, onread: connection.#onread() };
    connection.#adopt(new net.Socket(options as net.SocketConstructorOpts));
    return connection;
  }

  /** Opens a plain connection; `onConnect` runs once it is established. */
  static connect(options: ConnectOptions, onConnect: () => void): Connection {
    const connection = new Connection(null, false);
    connection.#adopt(connectSocket(options, connection.#onread(), onConnect));
    return connection;
  }

  /** Wraps a TLS socket at the end of its handshake. */
  static secure(socket: TLSSocket): Connection {
    const connection = new Connection(null, true);
    const { buffer, callback } = connection.#onread();
    readInto(socket, buffer as Buffer, callback);
    // Where that is not possible, and for bytes read before, data comes by event.
    connection.#adoptReadable(socket);
    return connection;
  }

  /** Counts at a meter too, from the first byte on. */
  measure(meter: ByteMeter): void {
    this.#meter = meter;
    meter.received.value += this.bytesRead;
    meter.sent.value += this.bytesWritten;
  }

  get socket(): net.Socket {
    return this.#socket;
  }

  get isTls(): boolean {
    return this.#isTls;
  }

  /** Bytes queued in the process for this peer. */
  get queuedBytes(): number {
    return this.#socket.writableLength + (this.#gathered?.pendingBytes ?? 0);
  }

  write(latin1: string): boolean {
    const gathered = this.#pending;
    if (gathered !== null) {
      gathered.appendText(latin1);
      return !gathered.isFull;
    }
    this.#countWritten(latin1.length);
    return this.#mayGoOn(this.#socket.write(latin1, 'latin1'));
  }

  /**
   * Writes a part of a buffer that the caller will reuse: a small one as text, one that fills a read at once, and what lies between is
   * gathered to one write a turn of the loop, because from TLS and HTTP/2 bodies come in many parts.
   */
  writeBytes(bytes: Buffer, from: number, to: number): boolean {
    if (this.#pending === null && (to - from <= smallWriteBytes || this.#isWorthItsWrite(to - from)))
      return this.#writeAtOnce(bytes, from, to);
    return this.#gather(bytes, from, to);
  }

  /** Writes the first bytes of a buffer that nobody touches until `onWritten`, which runs in any case. */
  writeLent(bytes: Buffer, length: number, onWritten: () => void): boolean {
    this.#countWritten(length);
    return this.#mayGoOn(this.#socket.write(length === bytes.length ? bytes : bytes.subarray(0, length), onWritten));
  }

  /** Writes a buffer that nobody will change any more. */
  writeOwned(bytes: Buffer): boolean {
    if (this.#pending !== null) return this.#gather(bytes, 0, bytes.length);
    this.#countWritten(bytes.length);
    return this.#mayGoOn(this.#socket.write(bytes));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Gives the socket what was gathered, instead of at the end of the turn. */
  flush(): void {
    this.#gathered?.flush();
  }

  /** Sends what is queued, then FIN. */
  end(): void {
    this.#isEndedHere = true;
    if (this.#gathered === null) this.#endSocket();
    else this.#gathered.end();
  }

  destroy(): void {
    this.#isEndedHere = true;
    this.#socket.destroy();
  }

  /** Ends the connection with RST, as Envoy does when a policy refuses it. */
  reset(): void {
    this.#isEndedHere = true;
    this.flush();
    if (this.#isTls) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  /** Gives the plain socket to somebody else (TLS); bytes already read go first. The connection object is dead afterwards. */
  detach(alreadyRead: Buffer): net.Socket {
    const handle = detachHandle(this.#socket);
    this.owner = ignoreEverything;
    this.isOpen = false;
    if (handle === null) {
      this.#socket.removeAllListeners();
      this.#socket.pause();
      this.#socket.unshift(alreadyRead);
      return this.#socket;
    }
    const options = { handle, manualStart: true, pauseOnCreate: true };
    const raw = new net.Socket(options as net.SocketConstructorOpts);
    if (alreadyRead.length > 0) raw.unshift(alreadyRead);
    return raw;
  }

  #countRead(length: number): void {
    this.bytesRead += length;
    this.#meter.received.value += length;
  }

  #countWritten(length: number): void {
    this.bytesWritten += length;
    this.#meter.sent.value += length;
  }

  /** What is gathered and not with the socket yet. */
  get #pending(): GatheredOutput | null {
    const gathered = this.#gathered;
    return gathered !== null && gathered.pendingBytes > 0 ? gathered : null;
  }

  #gather(bytes: Buffer, from: number, to: number): boolean {
    this.#gathered ??= new GatheredOutput(
      { writeLent: (lent, used, onWritten) => this.writeLent(lent, used, onWritten), end: () => this.#endSocket() },
      () => this.owner.onDrain(),
    );
    this.#gathered.append(bytes, from, to);
    return !this.#gathered.isFull;
  }

  #isWorthItsWrite(bytes: number): boolean {
    return bytes >= largeWriteBytes && !this.#isTls && this.#socket.writableLength === 0;
  }

  #writeAtOnce(bytes: Buffer, from: number, to: number): boolean {
    this.#countWritten(to - from);
    if (!this.#isTls) return writeCopied(this.#socket, bytes, from, to);
    return this.#mayGoOn(this.#socket.write(Buffer.from(bytes.subarray(from, to))));
  }

  #endSocket(): void {
    // Node makes an error, with its stack, of ending twice.
    if (!this.#socket.writableEnded) this.#socket.end();
  }

  #mayGoOn(accepted: boolean): boolean {
    // TLS writes always complete later, even when sent: allow some bytes in flight before holding the source.
    if (this.#isTls) return accepted || this.#socket.writableLength < tlsInFlightBytes;
    return accepted;
  }

  #onread(): net.OnReadOpts {
    return {
      buffer: readBuffer,
      callback: (length: number, bytes: Uint8Array): boolean => {
        this.#countRead(length);
        this.#deliver(bytes as Buffer, length);
        return true;
      },
    };
  }

  /** A mistake of ours met by one connection's bytes must not take the others down with it. */
  #deliver(bytes: Buffer, length: number): void {
    try {
      this.owner.onData(bytes, length);
    } catch (error) {
      reportMistake('reading a connection', error);
      this.destroy();
    }
  }

  #adopt(socket: net.Socket): void {
    this.#socket = socket;
    this.#listen(socket);
  }

  #adoptReadable(socket: net.Socket): void {
    this.#adopt(socket);
    socket.on('data', (bytes: Buffer) => {
      this.#countRead(bytes.length);
      this.#deliver(bytes, bytes.length);
    });
  }

  #endedByPeer(): void {
    if (!this.#isEndedHere) this.isEndedByPeer = true;
  }

  #listen(socket: net.Socket): void {
    socket.on('end', () => {
      this.#endedByPeer();
      this.owner.onEnd();
    });
    socket.on('drain', () => this.owner.onDrain());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error;
      this.#endedByPeer();
    });
    socket.on('close', () => {
      if (!this.isOpen) return;
      this.isOpen = false;
      if (this.#gathered !== null) this.#gathered.isClosed = true;
      this.owner.onClose();
    });
  }
}

const ignoreEverything: ConnectionOwner = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
const unopened = new net.Socket();
