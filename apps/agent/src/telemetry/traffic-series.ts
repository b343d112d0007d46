import { columnCount, type Increases } from './columns.ts';
import type { TrafficLabels } from './traffic-labels.ts';

interface Tier {
  readonly stepMs: number;
  readonly slots: number;
}

/** How long increases are kept at which resolution: 10 minutes, an hour and a half, a day. */
export const tiers: readonly Tier[] = [
  { stepMs: 1_000, slots: 600 },
  { stepMs: 10_000, slots: 540 },
  { stepMs: 60_000, slots: 1_440 },
];

interface Ring {
  readonly tier: Tier;
  /** Number (time / step) of the slot each position holds. */
  readonly slotNumbers: Float64Array;
  /** Only the columns in use: most sets of labels use few. */
  readonly byColumn: (Float32Array | undefined)[];
}

/** The traffic of one proxy under one set of labels: increases per time slot, in three resolutions. */
export class TrafficSeries {
  readonly labels: TrafficLabels;
  /** When anything was counted last. */
  lastAt = 0;
  private readonly rings: readonly Ring[];

  constructor(labels: TrafficLabels) {
    this.labels = labels;
    this.rings = tiers.map((tier) => ({ tier, slotNumbers: new Float64Array(tier.slots), byColumn: new Array(columnCount) }));
  }

  add(column: number, increase: number, at: number): void {
    this.lastAt = at;
    for (const ring of this.rings) {
      const slot = Math.floor(at / ring.tier.stepMs);
      const position = slot % ring.tier.slots;
      if (ring.slotNumbers[position] !== slot) {
        for (const values of ring.byColumn) if (values) values[position] = 0;
        ring.slotNumbers[position] = slot;
      }
      let values = ring.byColumn[column];
      if (!values) {
        values = new Float32Array(ring.tier.slots);
        ring.byColumn[column] = values;
      }
      values[position] = (values[position] ?? 0) + increase;
    }
  }

  /** Adds what was counted from `from` until before `to` to `into`. */
  sumInto(into: Increases, from: number, to: number, tierIndex: number): void {
    const ring = this.rings[tierIndex];
    if (!ring || this.lastAt < from) return;
    const { stepMs, slots } = ring.tier;
    const first = Math.floor(from / stepMs);
    const last = Math.min(Math.floor((to - 1) / stepMs), Math.floor(this.lastAt / stepMs));
    for (let slot = Math.max(first, last - slots + 1); slot <= last; slot++) {
      const position = slot % slots;
      if (ring.slotNumbers[position] !== slot) continue;
      for (let column = 0; column < columnCount; column++) {
        const values = ring.byColumn[column];
        if (values) into[column] = (into[column] ?? 0) + (values[position] ?? 0);
      }
    }
  }
}

/** The finest resolution that still holds everything since `from`. */
export function tierFor(from: number, now: number): number {
  const index = tiers.findIndex(({ stepMs, slots }) => now - from <= stepMs * (slots - 2));
  return index < 0 ? tiers.length - 1 : index;
}
