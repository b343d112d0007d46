import { type OutlierCounts, OwnOutlierCounts } from '@weft/core/engine/outlier-counts';
import type { ClusterPlan } from '@weft/core/plan/cluster-plan';
import type { SharedRow, SharedTable } from '../io/shared-table.ts';
import { connectionKey } from './connection-key.ts';
import type { Host } from './host.ts';

/** Where the results of a cluster's hosts are counted: together with the other threads of the process, where there are any. */
export class OutlierCountsOfHosts {
  readonly #table: SharedTable | null;
  readonly #prefix: string;
  readonly #countsByHost: Map<Host, OutlierCounts> = new Map();
  readonly #rows: Map<Host, SharedRow> = new Map();

  constructor(plan: ClusterPlan, table: SharedTable | null) {
    this.#table = table;
    this.#prefix = `outlier/${plan.name}/${connectionKey(plan)}/`;
  }

  /** Keeps what is counted of these hosts only. */
  use(hosts: readonly Host[]): void {
    const current = new Set(hosts);
    for (const host of this.#countsByHost.keys()) if (!current.has(host)) this.#forget(host);
  }

  of(host: Host): OutlierCounts {
    const known = this.#countsByHost.get(host);
    if (known !== undefined) return known;
    const row = this.#table?.hold(this.#prefix + host.address) ?? null;
    if (row !== null) this.#rows.set(host, row);
    const made = row === null ? new OwnOutlierCounts() : new RowCounts(row);
    this.#countsByHost.set(host, made);
    return made;
  }

  stop(): void {
    this.use([]);
  }

  #forget(host: Host): void {
    this.#countsByHost.delete(host);
    this.#rows.get(host)?.release();
    this.#rows.delete(host);
  }
}

class RowCounts implements OutlierCounts {
  readonly #row: SharedRow;

  constructor(row: SharedRow) {
    this.#row = row;
  }

  increment(count: number): number {
    return this.#row.addCommon(count, 1);
  }

  take(count: number): number {
    return this.#row.exchangeCommon(count, 0);
  }
}
