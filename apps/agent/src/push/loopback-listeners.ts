import type { ProxyNode } from '@weft/core/mesh/proxy-node';
import type { Snapshot } from '@weft/core/snapshot/snapshot';

type Listener = Snapshot['listeners'][number];

/** Where the gateways of this computer listen for their HTTP and HTTPS servers; null leaves the port that the configuration says. */
export interface GatewayPorts {
  readonly http: number | null;
  readonly https: number | null;
}

const loopback = /^(?:127\.|::1$)/;

/** The ports that Gateway servers for 80 and 443 are bound to: as they are written, or where an installation's Service points. */
const usualPorts = { http: [80, 8080], https: [443, 8443] } as const;

/**
 * Listeners of proxies that stand on this computer alone: what would listen on every address listens on the proxy's own, and gateways listen
 * on the ports that were asked for. Names stay Istio's.
 */
export class LoopbackListeners {
  readonly #gatewayPorts: GatewayPorts;
  /** The same listener gives the same object, so that it is encoded once. */
  readonly #boundByListener = new WeakMap<Listener, Listener>();

  constructor(gatewayPorts: GatewayPorts) {
    this.#gatewayPorts = gatewayPorts;
  }

  apply(snapshot: Snapshot, { ip, type }: ProxyNode): Snapshot {
    if (!loopback.test(ip)) return snapshot;
    const moves = type === 'router' ? this.#moves(snapshot.listeners) : noMoves;
    const isMeant = (listener: Listener): boolean => isWildcard(listener) || moves.has(portOf(listener));
    if (!snapshot.listeners.some(isMeant)) return snapshot;
    const listeners = snapshot.listeners.map((listener) =>
      isMeant(listener) ? this.#bind(listener, ip, moves.get(portOf(listener)) ?? portOf(listener)) : listener,
    );
    return { ...snapshot, listeners };
  }

  #moves(listeners: readonly Listener[]): ReadonlyMap<number, number> {
    const moves = new Map<number, number>();
    for (const scheme of ['http', 'https'] as const) {
      const from = gatewayListenerPort(listeners, scheme);
      const to = this.#gatewayPorts[scheme];
      if (from !== null && to !== null) moves.set(from, to);
    }
    return moves;
  }

  #bind(listener: Listener, ip: string, port: number): Listener {
    const known = this.#boundByListener.get(listener);
    if (known) return known;
    const { additionalAddresses: _, ...rest } = listener;
    const bound: Listener = { ...rest, address: { socketAddress: { ...listener.address?.socketAddress, address: ip, portValue: port } } };
    this.#boundByListener.set(listener, bound);
    return bound;
  }
}

/** The port that a gateway's configuration binds its server for 80 (`http`) or 443 (`https`) to; null without such a server. */
export function gatewayListenerPort(listeners: readonly Listener[], scheme: 'http' | 'https'): number | null {
  const bound = new Set(listeners.map(portOf));
  return usualPorts[scheme].find((port) => bound.has(port)) ?? null;
}

const noMoves: ReadonlyMap<number, number> = new Map();

function portOf({ address }: Listener): number {
  return address?.socketAddress?.portValue ?? 0;
}

function isWildcard({ address }: Listener): boolean {
  return address?.socketAddress?.address === '0.0.0.0' || address?.socketAddress?.address === '::';
}
