import { Agent, type AgentOptions, get } from 'node:http';

/** One proxy of a comparison, as scenarios use it. */
export interface Side {
  readonly listener: number;
  readonly admin: number;
}

/** What a client gets. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const options: AgentOptions = { keepAlive: true, maxSockets: 64 };
const agent = new Agent(options);

/** Asks a cluster through a proxy; `hold` makes the application wait. */
export function ask(side: Side, cluster: string, path = '/', headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get({ port: side.listener, path: `/to/${cluster}${path}`, headers, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    request.on('error', reject);
  });
}

/** The number of the application that answered, or the status where none did. */
export async function chosen(side: Side, cluster: string, path = '/', headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const { status, body } = await ask(side, cluster, path, headers);
  return status === 200 ? body : String(status);
}

/** How often each application was chosen in so many requests, one after the other. */
export async function counts(side: Side, cluster: string, times: number, path = '/'): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  for (let i = 0; i < times; i++) {
    const name = await chosen(side, cluster, path, { 'x-key': `key-${i}` });
    found[name] = (found[name] ?? 0) + 1;
  }
  return found;
}

/** Who is chosen for each of many keys. */
export async function byKey(side: Side, cluster: string, times: number): Promise<readonly string[]> {
  return Promise.all(Array.from({ length: times }, (_, i) => chosen(side, cluster, '/', { 'x-key': `key-${i}`, host: 'a.example.com' })));
}

/** The stats of a cluster whose names match, without those that are 0. */
export async function stats(side: Side, cluster: string, filter: RegExp): Promise<Readonly<Record<string, number>>> {
  const text = await fetch(`http://127.0.0.1:${side.admin}/stats`).then((answer) => answer.text());
  const found: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const match = new RegExp(`^cluster\\.${cluster}\\.([^:]+): (\\d+)$`).exec(line);
    if (match?.[1] !== undefined && filter.test(match[1]) && match[2] !== '0') found[match[1]] = Number(match[2]);
  }
  return found;
}

/** Waits until something holds; fails after ten seconds. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('what was waited for did not come');
}
