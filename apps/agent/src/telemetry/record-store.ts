import type { TrafficRecord } from '../api/types.ts';

/** A ring of the newest traffic records, and one for the rare ones: errors and refusals outlive the flood of the rest. */
export class RecordStore {
  private readonly recent: Ring;
  private readonly troubled: Ring;
  private readonly listeners = new Set<(records: readonly TrafficRecord[]) => void>();
  private lastId = 0;

  constructor(capacity = 10_000) {
    this.recent = new Ring(capacity);
    this.troubled = new Ring(Math.ceil(capacity / 4));
  }

  get size(): number {
    return this.recent.size;
  }

  get since(): number | null {
    return this.recent.oldest()?.at ?? null;
  }

  /** Called with every batch that comes in. */
  subscribe(listener: (records: readonly TrafficRecord[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get hasListeners(): boolean {
    return this.listeners.size > 0;
  }

  add(records: readonly Omit<TrafficRecord, 'id'>[]): void {
    const numbered = records.map((record) => ({ id: ++this.lastId, ...record }));
    for (const record of numbered) {
      this.recent.push(record);
      if (isTroubled(record)) this.troubled.push(record);
    }
    for (const listener of this.listeners) listener(numbered);
  }

  /** Newest first: matching records among the recent ones, then older troubled ones. */
  find(matches: (record: TrafficRecord) => boolean, limit: number): readonly TrafficRecord[] {
    const found: TrafficRecord[] = [];
    let oldestId = Number.POSITIVE_INFINITY;
    for (const record of this.recent.newestFirst()) {
      oldestId = record.id;
      if (!matches(record)) continue;
      found.push(record);
      if (found.length >= limit) return found;
    }
    for (const record of this.troubled.newestFirst()) {
      if (record.id >= oldestId || !matches(record)) continue;
      found.push(record);
      if (found.length >= limit) break;
    }
    return found;
  }
}

class Ring {
  private readonly capacity: number;
  private readonly records: TrafficRecord[] = [];
  private next = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.records.length;
  }

  push(record: TrafficRecord): void {
    this.records[this.next] = record;
    this.next = (this.next + 1) % this.capacity;
  }

  oldest(): TrafficRecord | undefined {
    return this.records.length < this.capacity ? this.records[0] : this.records[this.next];
  }

  *newestFirst(): Generator<TrafficRecord> {
    const { length } = this.records;
    for (let step = 1; step <= length; step++) {
      const record = this.records[(this.next - step + length * 2) % length];
      if (record) yield record;
    }
  }
}

const isTroubled = ({ code, flags, refusedBy }: TrafficRecord): boolean => code >= 400 || flags.length > 0 || refusedBy !== null;
