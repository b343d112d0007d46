import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { PairForTest } from '../src/identity/certificates-for-test.ts';

const largeBytes = 64 * 1024 * 1024;
const part = Buffer.alloc(64 * 1024, 'x');

/** A response of 64 MiB, as fast as it is taken. */
function pour(response: ServerResponse): void {
  let left = largeBytes;
  const go = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= part.length;
      if (!response.write(part)) {
        response.once('drain', go);
        return;
      }
    }
    response.end();
  };
  go();
}

/** An upstream that can be stopped abruptly, started again at its port, and made slow. */
export class OriginForTest {
  /** While true requests get no answer. */
  isSilent = false;
  #server: Server;
  #sockets: Set<Socket> = new Set();
  #port = 0;
  #tls: { pair: PairForTest; root: string } | null;

  private constructor(tls: { pair: PairForTest; root: string } | null) {
    this.#tls = tls;
    this.#server = this.#newServer();
  }

  static async start(tls: { pair: PairForTest; root: string } | null = null): Promise<OriginForTest> {
    const origin = new OriginForTest(tls);
    await origin.start();
    return origin;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens at its port, as soon as no connection of somebody else happens to use it. */
  async start(): Promise<void> {
    for (;;) {
      this.#server = this.#newServer();
      this.#server.listen(this.#port, '127.0.0.1');
      try {
        await once(this.#server, 'listening');
        this.#port = (this.#server.address() as AddressInfo).port;
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Ends as a process that is killed: every connection is reset. */
  async kill(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    // Those that the kernel had accepted already.
    this.#server.on('connection', (socket: Socket) => socket.resetAndDestroy());
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  #newServer(): Server {
    const answer: RequestListener = (request, response) => {
      if (request.url === '/large') pour(response);
      else if (!this.isSilent) request.resume().on('end', () => response.end('hello'));
    };
    const tls = this.#tls;
    const server =
      tls === null
        ? createServer(answer)
        : createTlsServer({ key: tls.pair.key, cert: tls.pair.cert, ca: tls.root, requestCert: true, rejectUnauthorized: true }, answer);
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    return server;
  }
}
