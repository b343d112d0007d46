import { Agent, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';

/** What became of the requests of a load. */
export interface LoadResult {
  readonly answered: number;
  /** Lost requests by what happened to them. */
  readonly lost: ReadonlyMap<string, number>;
  /** Of those that were answered. */
  readonly slowestMs: number;
}

export interface LoadOptions {
  /** The root to trust, for TLS. */
  readonly ca?: string | null;
  /** Between the requests of one client. */
  readonly pauseMs?: number;
  /** The `Host` to ask for; the address unless given. */
  readonly host?: string | null;
}

/** Clients that each send one request after the other, half of them on a connection that is renewed every few requests. */
export class LoadForTest {
  #port: number;
  #ca: string | null;
  #headers: { host?: string };
  #isRunning = true;
  #answered = 0;
  #lost: Map<string, number> = new Map();
  #slowestMs = 0;
  #clients: Promise<void>[];
  #waiting: { count: number; readonly clients: Set<number>; done: () => void }[] = [];

  constructor(port: number, clients: number, { ca = null, pauseMs = 0, host = null }: LoadOptions = {}) {
    this.#port = port;
    this.#ca = ca;
    this.#headers = host === null ? {} : { host };
    this.#clients = Array.from({ length: clients }, (_, index) => this.#client(index, pauseMs));
  }

  get result(): LoadResult {
    return { answered: this.#answered, lost: this.#lost, slowestMs: this.#slowestMs };
  }

  /** Resolves once so many more requests have been answered, at least one of each client. */
  answers(count: number): Promise<void> {
    const clients = new Set(this.#clients.keys());
    return new Promise((done) => this.#waiting.push({ count: this.#answered + count, clients, done }));
  }

  async stop(): Promise<LoadResult> {
    this.#isRunning = false;
    await Promise.all(this.#clients);
    return this.result;
  }

  async #client(index: number, pauseMs: number): Promise<void> {
    const requestsPerConnection = index % 2 === 0 ? Number.POSITIVE_INFINITY : 10;
    let agent = this.#newAgent();
    for (let sent = 1; this.#isRunning; sent++) {
      const startedAt = performance.now();
      const problem = await this.#send(agent);
      if (problem === null) this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAt);
      if (problem === null) this.#count(index);
      else this.#lost.set(problem, (this.#lost.get(problem) ?? 0) + 1);
      if (sent % requestsPerConnection === 0) {
        agent.destroy();
        agent = this.#newAgent();
      }
      if (pauseMs > 0 || problem !== null)
        await new Promise((resolve) => setTimeout(resolve, Math.max(pauseMs, problem === null ? 0 : 20)));
    }
    agent.destroy();
  }

  #newAgent(): Agent {
    return this.#ca === null ? new Agent({ keepAlive: true, maxSockets: 1 }) : new TlsAgent({ keepAlive: true, maxSockets: 1 });
  }

  #count(client: number): void {
    this.#answered++;
    this.#waiting = this.#waiting.filter(({ count, clients, done }) => {
      clients.delete(client);
      if (this.#answered < count || clients.size > 0) return true;
      done();
      return false;
    });
  }

  /** Null when it was answered as it should be. */
  #send(agent: Agent): Promise<string | null> {
    return new Promise((resolve) => {
      const tls = this.#ca === null ? {} : { ca: this.#ca, servername: 'in.test', checkServerIdentity: () => undefined };
      const options = { agent, host: '127.0.0.1', port: this.#port, path: '/', headers: this.#headers, timeout: 10_000, ...tls };
      const made = (this.#ca === null ? request : tlsRequest)(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isGood = response.statusCode === 200 && text === 'hello';
          resolve(isGood ? null : `${response.statusCode} ${text.slice(0, 80)}`);
        });
        response.on('error', (error) => resolve(`cut: ${error.message}`));
      });
      made.on('timeout', () => made.destroy(new Error('no answer in 10 s')));
      made.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      made.end();
    });
  }
}

/** One line for a report or a failed assertion. */
export function describeLoad({ answered, lost }: LoadResult): string {
  const reasons = [...lost].map(([reason, count]) => `${count} × ${reason}`).join(', ');
  return `${answered} answered, ${reasons === '' ? '0' : reasons} lost`;
}
