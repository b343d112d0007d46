import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One application of several behind a proxy; both sides of a comparison share them, so that addresses hash alike. */
export interface NumberedOrigin {
  readonly port: number;
  /** Status of its health checks, and headers of them. */
  health: number;
  healthHeaders: Readonly<Record<string, string>>;
  /** How often it was checked. */
  checks: number;
  /** Answers all that `/wait` asked for. */
  release(): void;
  stop(): void;
}

/**
 * Applications that answer with their number: `/hold/MS` waits first, `/wait` until they are told to go on, `/status/N` answers N, `/fail/I/N` answers N where the number is I,
 * `/again` asks for a retry and makes a request with one wait, `/reset/I` breaks the connection there, `/health` answers as told.
 */
export function startOrigins(count: number): Promise<readonly NumberedOrigin[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => startOrigin(index)));
}

async function startOrigin(index: number): Promise<NumberedOrigin> {
  const state = { health: 200, healthHeaders: {}, checks: 0 };
  let waiting: (() => void)[] = [];
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/to\/[^/]+/, '');
    const isRetry = request.headers['x-envoy-attempt-count'] === '2';
    const [, verb = '', first = '', second = ''] = path.split('/');
    const answer = (status: number): void => {
      response.writeHead(status, { 'content-type': 'text/plain' });
      response.end(String(index));
    };
    if (verb === 'health') {
      state.checks++;
      response.writeHead(state.health, state.healthHeaders);
      response.end();
    } else if (verb === 'wait') waiting.push(() => answer(200));
    else if (verb === 'again') {
      if (isRetry) waiting.push(() => answer(200));
      else response.writeHead(200, { 'x-again': 'yes' }).end(String(index));
    } else if (verb === 'hold') setTimeout(() => answer(200), Number(first));
    else if (verb === 'status') answer(Number(first));
    else if (verb === 'fail') answer(first === String(index) ? Number(second) : 200);
    else if (verb === 'reset' && first === String(index)) request.socket.resetAndDestroy();
    else answer(200);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    port: (server.address() as AddressInfo).port,
    release: () => {
      const ready = waiting;
      waiting = [];
      for (const each of ready) each();
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  });
}

/** Lets applications answer what waits there, again and again until the answers are here: a request may still be on its way. */
export async function released<T>(origins: readonly NumberedOrigin[], answers: Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    for (const origin of origins) origin.release();
  }, 20);
  try {
    return await answers;
  } finally {
    clearInterval(timer);
  }
}
