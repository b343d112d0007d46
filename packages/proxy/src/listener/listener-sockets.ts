import net from 'node:net';
import type { AddressPlan } from '@weft/core/plan/cluster-plan';
import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import { bindError, listenOptions } from './bind-address.ts';
import type { ListenerEnvironment } from './listener-environment.ts';

/** The bound sockets of a listener; they survive it where another one takes its place. */
export class ListenerSockets {
  readonly #servers: net.Server[] = [];
  #onSocket: (socket: net.Socket) => void;

  constructor(onSocket: (socket: net.Socket) => void) {
    this.#onSocket = onSocket;
  }

  /** Binds all addresses; rejects with a clear message when one cannot be. */
  async bind(plan: ListenerPlan, environment: ListenerEnvironment): Promise<void> {
    if (!plan.bindToPort) return;
    try {
      for (const address of plan.addresses) this.#servers.push(await this.#listen(address, plan, environment));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Addresses actually bound (port 0 resolved). */
  get addresses(): readonly { readonly address: string; readonly port: number }[] {
    return this.#servers.flatMap((server) => {
      const address = server.address();
      return address === null || typeof address === 'string' ? [] : [{ address: address.address, port: address.port }];
    });
  }

  /** New connections go to another listener from now on. */
  handTo(onSocket: (socket: net.Socket) => void): void {
    this.#onSocket = onSocket;
  }

  close(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  #listen(address: AddressPlan, { name, backlog }: ListenerPlan, { reusePort, log }: ListenerEnvironment): Promise<net.Server> {
    const server = net.createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true });
    server.on('connection', (socket) => this.#onSocket(socket));
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(new Error(bindError(name, address, error))));
      server.listen({ ...listenOptions(address), backlog, reusePort }, () => {
        server.removeAllListeners('error');
        server.on('error', (error) => log('warn', `listener ${name}: ${error.message}`));
        resolve(server);
      });
    });
  }
}
