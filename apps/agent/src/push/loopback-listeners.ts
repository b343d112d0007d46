import type { ProxyNode } from '@weft/core/mesh/proxy-node';
import type { Snapshot } from '@weft/core/snapshot/snapshot';

type Listener = Snapshot['listeners'][number];

const loopback = /^(?:127\.|::1$)/;

/** Listeners of proxies that stand on this computer alone: what would listen on every address listens on the proxy's own. Names stay Istio's. */
export class LoopbackListeners {
  /** The same listener gives the same object, so that it is encoded once. */
  private readonly boundByListener = new WeakMap<Listener, Listener>();

  apply(snapshot: Snapshot, { ip }: ProxyNode): Snapshot {
    if (!loopback.test(ip) || !snapshot.listeners.some(isWildcard)) return snapshot;
    return { ...snapshot, listeners: snapshot.listeners.map((listener) => (isWildcard(listener) ? this.bind(listener, ip) : listener)) };
  }

  private bind(listener: Listener, ip: string): Listener {
    const known = this.boundByListener.get(listener);
    if (known) return known;
    const { additionalAddresses: _, ...rest } = listener;
    const bound: Listener = { ...rest, address: { socketAddress: { ...listener.address?.socketAddress, address: ip } } };
    this.boundByListener.set(listener, bound);
    return bound;
  }
}

function isWildcard({ address }: Listener): boolean {
  return address?.socketAddress?.address === '0.0.0.0' || address?.socketAddress?.address === '::';
}
