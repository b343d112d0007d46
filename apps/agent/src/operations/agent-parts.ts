import type { CertificateStatus } from '../api/types.ts';
import type { Authority } from '../ca/authority.ts';
import type { ProxyRegistry } from '../push/proxy-registry.ts';
import type { PushTimes } from '../push/push-times.ts';
import type { Pusher } from '../push/pusher.ts';
import type { ConfigStore } from '../store/config-store.ts';
import type { RevisionStore } from '../store/revision-store.ts';
import type { RecordStore } from '../telemetry/record-store.ts';
import type { Scraper } from '../telemetry/scraper.ts';
import type { SeriesStore } from '../telemetry/series-store.ts';

/** The parts of a running agent that operations work on. */
export interface AgentParts {
  readonly config: ConfigStore;
  readonly revisions: RevisionStore;
  readonly registry: ProxyRegistry;
  readonly pusher: Pusher;
  readonly series: SeriesStore;
  readonly records: RecordStore;
  readonly scraper: Scraper;
  readonly authority: Authority;
  /** The newest certificate of each identity. */
  readonly certificates: ReadonlyMap<string, CertificateStatus>;
  readonly pushTimes: PushTimes;
  readonly surroundings: Surroundings;
  readonly now: () => number;
}

/** What stands beside the agent, as the command line says. */
export interface Surroundings {
  readonly version: string;
  readonly directory: string;
  readonly startedAt: number;
  readonly consoleUrl: string | null;
  readonly gateway: { readonly http: string | null; readonly https: string | null };
  /** The demo's control endpoint. */
  readonly demoUrl: string | null;
}
