import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { JwtProviderPlan } from '@weft/core/plan/http-filter-plan';
import type { JSONWebKeySet } from 'jose';
import { readData } from '../identity/read-data.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import { callCluster } from './internal-request.ts';

interface CachedKeys {
  keys: JSONWebKeySet | null;
  freshUntil: number;
  loading: Promise<JSONWebKeySet | null> | null;
}

/** Signing keys by provider: inline ones parsed once, remote ones fetched through their cluster and kept; old keys survive a failed refresh. */
export class JwksCache {
  #clusters: ClusterManager;
  #now: () => number;
  #entries: WeakMap<JwtProviderPlan, CachedKeys> = new WeakMap();

  constructor(clusters: ClusterManager, now: () => number) {
    this.#clusters = clusters;
    this.#now = now;
  }

  async get(provider: JwtProviderPlan, connection: ConnectionFacts): Promise<JSONWebKeySet | null> {
    let entry = this.#entries.get(provider);
    if (entry === undefined) {
      entry = { keys: null, freshUntil: 0, loading: null };
      this.#entries.set(provider, entry);
    }
    if (this.#now() < entry.freshUntil) return entry.keys;
    const current = entry;
    current.loading ??= this.#load(provider, connection).then((keys) => {
      current.loading = null;
      const { jwks } = provider;
      const cacheMs = jwks.kind === 'remote' ? jwks.cacheMs : Number.POSITIVE_INFINITY;
      const retryMs = jwks.kind === 'remote' ? jwks.failedRefetchMs : 1000;
      current.freshUntil = this.#now() + (keys === null ? retryMs : cacheMs);
      current.keys = keys ?? current.keys;
      return current.keys;
    });
    return current.loading;
  }

  async #load(provider: JwtProviderPlan, connection: ConnectionFacts): Promise<JSONWebKeySet | null> {
    const { jwks } = provider;
    if (jwks.kind === 'none') return null;
    if (jwks.kind === 'local') return parseKeys(readData(jwks.source)?.toString() ?? '');
    const cluster = this.#clusters.get(jwks.cluster);
    if (cluster === undefined) return null;
    const url = new URL(jwks.uri);
    const answer = await callCluster(cluster, {
      method: 'GET',
      path: url.pathname + url.search,
      authority: url.host,
      headers: [],
      body: null,
      timeoutMs: jwks.timeoutMs,
      connection,
    });
    return answer === null || answer.status !== 200 ? null : parseKeys(answer.body.toString());
  }
}

function parseKeys(text: string): JSONWebKeySet | null {
  try {
    const parsed: unknown = JSON.parse(text);
    const isSet = typeof parsed === 'object' && parsed !== null && Array.isArray((parsed as { keys?: unknown }).keys);
    return isSet ? (parsed as JSONWebKeySet) : null;
  } catch {
    return null;
  }
}
