/**
 * Picks items in proportion to their weights, evenly spread: the earliest deadline first scheduler of Envoy. Weights are asked for anew at
 * every pick, so that they may follow load. `start` (0 ≤ x < 1) says where in its cycle it begins, so that many proxies do not begin alike.
 */
export class WeightedSchedule<T> {
  readonly #heap: { readonly deadline: number; readonly order: number; readonly item: T }[] = [];
  readonly #weightOf: (item: T) => number;
  #now = 0;
  #order = 0;

  constructor(items: readonly T[], weightOf: (item: T) => number, start = 0) {
    this.#weightOf = weightOf;
    const weighted = items.map((item) => ({ item, weight: weightOf(item) })).filter(({ weight }) => weight > 0);
    // As if `start` of a long time had gone by: each item was due as often as its weight says.
    const least = weighted.reduce((smallest, { weight }) => Math.min(smallest, weight), Number.POSITIVE_INFINITY);
    this.#now = weighted.length === 0 ? 0 : (start * cyclesBefore) / least;
    for (const { item, weight } of weighted) this.#push(item, (Math.floor(this.#now * weight) + 1) / weight);
  }

  /** The next item; null when there is none with a weight. */
  pick(): T | null {
    const [first] = this.#heap;
    if (!first) return null;
    this.#now = first.deadline;
    this.#removeFirst();
    this.#add(first.item);
    return first.item;
  }

  #add(item: T): void {
    const weight = this.#weightOf(item);
    if (weight > 0) this.#push(item, this.#now + 1 / weight);
  }

  #push(item: T, deadline: number): void {
    this.#heap.push({ deadline, order: this.#order++, item });
    for (let at = this.#heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      let least = left < this.#heap.length && this.#isBefore(left, at) ? left : at;
      if (left + 1 < this.#heap.length && this.#isBefore(left + 1, least)) least = left + 1;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (!left || !right) return false;
    return left.deadline < right.deadline || (left.deadline === right.deadline && left.order < right.order);
  }

  #swap(a: number, b: number): void {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (!left || !right) return;
    this.#heap[a] = right;
    this.#heap[b] = left;
  }
}

/** More turns of the least item than any list is long: enough to begin anywhere. */
const cyclesBefore = 1000;
