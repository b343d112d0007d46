import { Agent, request } from 'node:http';

/** What the load has seen since it started. A request fails when it gets no answer or a status of 500 and above. */
interface LoadCounts {
  sent: number;
  failed: number;
  readonly byStatus: Record<string, number>;
}

/** A running load; `stop` ends it. */
export interface Load {
  readonly counts: LoadCounts;
  stop(): void;
}

interface Visit {
  readonly share: number;
  readonly method: string;
  readonly path: string;
}

const visits: readonly Visit[] = [
  { share: 60, method: 'GET', path: '/api/orders' },
  { share: 8, method: 'POST', path: '/api/orders' },
  { share: 14, method: 'GET', path: '/products/teapot' },
  { share: 6, method: 'GET', path: '/cart' },
  { share: 4, method: 'POST', path: '/cart?item=cup' },
  { share: 8, method: 'POST', path: '/checkout?item=kettle' },
];

/**
 * Sends visitors of the shop through the ingress gateway as `api.example.com`, open loop at `ratePerSecond`: a request is started when it is
 * due, whether or not earlier ones have been answered (up to 200 at once).
 */
export function startLoad(gatewayPort: number, ratePerSecond: number, random: () => number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const counts: LoadCounts = { sent: 0, failed: 0, byStatus: {} };
  const startedAt = performance.now();
  let inFlight = 0;
  let due = 0;

  const settle = (status: string, failed: boolean): void => {
    inFlight--;
    counts.byStatus[status] = (counts.byStatus[status] ?? 0) + 1;
    if (failed) counts.failed++;
  };
  const visit = ({ method, path }: Visit): void => {
    inFlight++;
    counts.sent++;
    let settled = false;
    const once = (status: string, failed: boolean): void => {
      if (!settled) settle(status, failed);
      settled = true;
    };
    const outgoing = request(
      { agent, host: '127.0.0.1', port: gatewayPort, method, path, headers: { host: 'api.example.com' } },
      (response) => {
        response.resume();
        response.on('end', () => once(String(response.statusCode), (response.statusCode ?? 0) >= 500));
        response.on('error', () => once('broken', true));
      },
    );
    outgoing.setTimeout(20_000, () => outgoing.destroy(new Error('no answer within 20 s')));
    outgoing.on('error', () => once('no-answer', true));
    outgoing.end();
  };
  const timer = setInterval(() => {
    const elapsedSeconds = (performance.now() - startedAt) / 1000;
    const owed = Math.floor(elapsedSeconds * ratePerSecond) - due;
    due += owed;
    for (let i = 0; i < Math.min(owed, 200 - inFlight); i++) visit(pick(random));
  }, 20);
  return {
    counts,
    stop: () => {
      clearInterval(timer);
      agent.destroy();
    },
  };
}

function pick(random: () => number): Visit {
  const total = visits.reduce((sum, { share }) => sum + share, 0);
  let at = random() * total;
  for (const visit of visits) {
    at -= visit.share;
    if (at < 0) return visit;
  }
  throw new Error('the shares of the visits do not add up');
}
