import type { BalancedHost, HostShare } from './balanced-host.ts';
import { MersenneTwister } from './mersenne-twister.ts';

/**
 * Consistent hashing with bounded loads (https://arxiv.org/abs/1608.01350) as Envoy does it: a host above its share of the load, times the
 * balance factor, hands the request to another that is drawn by a shuffle seeded with the request's hash.
 */
export class BoundedLoad<H extends BalancedHost> {
  readonly #shares: readonly HostShare<H>[];
  readonly #factorPercent: number;
  readonly #activeRequests: () => number;

  constructor(shares: readonly HostShare<H>[], factorPercent: number, activeRequests: () => number) {
    this.#shares = shares;
    this.#factorPercent = factorPercent;
    this.#activeRequests = activeRequests;
  }

  /** The index of the host to use where the table says `wanted`; the least overloaded one when all are. */
  choose(wanted: number, hash: bigint): number {
    const first = this.#shares[wanted];
    if (first === undefined) return wanted;
    const totalSlots = Math.floor(((this.#activeRequests() + 1) * this.#factorPercent + 99) / 100);
    let least = overload(first, totalSlots);
    if (least <= 1) return wanted;
    let best = wanted;
    const order = this.#shares.map((_, index) => index);
    const random = new MersenneTwister(Number(hash & 0xffffffffn));
    for (let i = 0; i < order.length; i++) {
      const other = i + random.below(order.length - i);
      const index = order[other] ?? 0;
      order[other] = order[i] ?? 0;
      order[i] = index;
      const share = this.#shares[index];
      if (index === wanted || share === undefined) continue;
      const factor = overload(share, totalSlots);
      if (factor <= 1) return index;
      if (factor < least) {
        best = index;
        least = factor;
      }
    }
    return best;
  }
}

/** How much of its slots a host uses; above 1 it is overloaded. */
function overload({ host, share }: HostShare<BalancedHost>, totalSlots: number): number {
  return host.activeRequests / Math.max(1, Math.ceil(totalSlots * share));
}
