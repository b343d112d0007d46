import { Agent, get } from 'node:http';
import type { Log } from '../log.ts';
import type { SeriesStore } from './series-store.ts';

export interface ScrapeTarget {
  readonly proxy: string;
  readonly url: string;
}

export interface ScraperOptions {
  readonly store: SeriesStore;
  readonly targets: () => readonly ScrapeTarget[];
  readonly intervalMs: number;
  readonly log: Log;
  readonly now: () => number;
  /** After every round that brought something. */
  readonly onRound: () => void;
}

const timeoutMs = 2_000;
const maxPageBytes = 64 * 1024 * 1024;
const pruneEveryMs = 600_000;

/** Fetches the metrics of all proxies again and again. */
export class Scraper {
  private readonly options: ScraperOptions;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 4 });
  private readonly failing = new Set<string>();
  private timer: NodeJS.Timeout | null = null;
  private prunedAt = 0;
  /** When each proxy last answered. */
  readonly lastSuccess = new Map<string, number>();

  constructor(options: ScraperOptions) {
    this.options = options;
  }

  start(): void {
    this.timer = setTimeout(() => void this.round(), this.options.intervalMs);
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.agent.destroy();
  }

  /** Scrapes every target once. */
  async round(): Promise<void> {
    const { targets, intervalMs, now, onRound, store } = this.options;
    const startedAt = now();
    await Promise.all(targets().map((target) => this.scrape(target)));
    onRound();
    if (startedAt - this.prunedAt > pruneEveryMs) {
      this.prunedAt = startedAt;
      store.prune();
    }
    if (this.timer) this.timer = setTimeout(() => void this.round(), Math.max(50, intervalMs - (now() - startedAt)));
  }

  private async scrape({ proxy, url }: ScrapeTarget): Promise<void> {
    try {
      const page = await fetchPage(url, this.agent);
      const at = this.options.now();
      this.options.store.ingest(proxy, page, at);
      this.lastSuccess.set(proxy, at);
      if (this.failing.delete(proxy)) this.options.log('info', `metrics of ${proxy} can be read again`);
    } catch (error) {
      if (this.failing.has(proxy)) return;
      this.failing.add(proxy);
      this.options.log('warn', `metrics of ${proxy} cannot be read (${url}): ${(error as Error).message}`);
    }
  }
}

function fetchPage(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxPageBytes) request.destroy(new Error(`more than ${maxPageBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new Error(`status ${response.statusCode}`));
      });
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    request.on('error', reject);
  });
}
