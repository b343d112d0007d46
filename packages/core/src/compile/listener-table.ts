import { parseCidr } from '../base/addresses.ts';
import { listenerProtocol } from '../mesh/port-protocol.ts';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { PortProtocol, ServicePort } from '../mesh/service.ts';
import type { Binding, FilterChainPlan, ListenerEntry, ListenRequest } from './outbound-entry.ts';
import { httpChain } from './outbound-listener.ts';
import { tcpChains } from './outbound-tcp.ts';
import { listenAddresses, wildcardOf } from './service-addresses.ts';

interface TableEntry {
  readonly binding: Binding;
  readonly port: ServicePort;
  chains: FilterChainPlan[];
  kind: 'http' | 'tcp' | 'auto';
  protocol: PortProtocol;
  isLocked: boolean;
}

/** Outbound listeners by address and port. Services that share one are merged: HTTP by route configuration, TCP by filter chains, both by sniffing. */
export class ListenerTable {
  readonly #view: ProxyView;
  readonly #wildcard: string;
  readonly #entries = new Map<string, TableEntry>();

  constructor(view: ProxyView) {
    this.#view = view;
    this.#wildcard = wildcardOf(view.node);
  }

  /** From now on nothing is added to listeners that exist. */
  lock(): void {
    for (const entry of this.#entries.values()) entry.isLocked = true;
  }

  add(request: ListenRequest): void {
    const kind = request.isHttpProxy ? 'http' : listenerProtocol(request.port.protocol);
    if (kind === 'none' || request.service.service.resolution === 'alias') return;
    for (const { binding, cidrs } of this.#places(request, kind)) {
      const bind = binding.addresses[0] ?? this.#wildcard;
      const key = `${bind}_${request.port.number}`;
      const current = this.#entries.get(key);
      if (current?.isLocked) continue;
      if (kind === 'http') this.#addHttp(request, binding, key, current);
      else if (kind === 'tcp') this.#addTcp(request, { binding, cidrs, key, current });
      else this.#addAuto(request, { binding, cidrs, key, current });
    }
  }

  entries(): readonly ListenerEntry[] {
    return [...this.#entries.values()].map(({ binding, port, chains }) => ({ binding, port: port.number, chains, hasFallback: true }));
  }

  /** HTTP shares one listener for all addresses; TCP listens on the service's own, and on all with its networks as a condition. */
  #places(
    request: ListenRequest,
    kind: 'http' | 'tcp' | 'auto',
  ): readonly { readonly binding: Binding; readonly cidrs: readonly string[] }[] {
    const { binding } = request;
    if (binding.addresses.length > 0) return [{ binding, cidrs: [] }];
    const everywhere = { ...binding, addresses: [this.#wildcard] };
    const addresses = kind === 'http' ? [] : listenAddresses(request.service.service, this.#view.node);
    const single = addresses.filter((address) => !address.includes('/'));
    const cidrs = addresses.filter((address) => address.includes('/'));
    if (addresses.length === 0) return [{ binding: everywhere, cidrs: [] }];
    return [
      ...(single.length > 0 ? [{ binding: { ...binding, addresses: single }, cidrs: [] }] : []),
      ...(cidrs.length > 0 ? [{ binding: everywhere, cidrs }] : []),
    ];
  }

  #addHttp(request: ListenRequest, binding: Binding, key: string, current: TableEntry | undefined): void {
    if (current && current.kind !== 'tcp') return;
    if (current && isExclusive(request.port.protocol, current.protocol)) return;
    const bind = binding.addresses[0] ?? this.#wildcard;
    const chain = this.#http(request, bind, 'http');
    // On the wildcard address other than HTTP may arrive too, bound for addresses that no service has.
    const isShared = bind === this.#wildcard && !request.isHttpProxy;
    const chains = [isShared ? sniffed(chain, this.#view) : chain];
    if (current) {
      mergeChains(current, chains);
      current.kind = 'auto';
    } else {
      this.#set(key, { binding, request, chains, kind: isShared ? 'auto' : 'http' });
    }
  }

  #addTcp(request: ListenRequest, { binding, cidrs, key, current }: Placed): void {
    if (current && isExclusive(request.port.protocol, current.protocol)) return;
    const chains = tcpChains(this.#view, { request, cidrs, bind: binding.addresses[0] ?? this.#wildcard });
    if (!current) {
      this.#set(key, { binding, request, chains, kind: 'tcp' });
      return;
    }
    mergeChains(current, chains);
    if (current.kind === 'http') current.kind = 'auto';
  }

  #addAuto(request: ListenRequest, { binding, cidrs, key, current }: Placed): void {
    if (current?.kind === 'auto') return;
    if (current && isExclusive(request.port.protocol, current.protocol)) return;
    const bind = binding.addresses[0] ?? this.#wildcard;
    const chains = [...tcpChains(this.#view, { request, cidrs, bind }), sniffed(this.#http(request, bind, 'auto'), this.#view)];
    if (current?.kind === 'tcp') {
      mergeChains(current, chains);
      current.kind = 'auto';
    } else {
      this.#set(key, { binding, request, chains, kind: 'auto' });
    }
  }

  #http(request: ListenRequest, bind: string, kind: 'http' | 'auto'): FilterChainPlan {
    const { number } = request.port;
    // A sniffed service with an address of its own has a route configuration of its own.
    const isOwn = kind === 'auto' && bind !== this.#wildcard;
    const routeName = number === 0 ? bind : isOwn ? `${request.service.service.hostname}:${number}` : String(number);
    return httpChain(this.#view, { routeName, port: request.port, listenerName: `${bind}_${number}`, isHttpProxy: request.isHttpProxy });
  }

  #set(
    key: string,
    made: {
      readonly binding: Binding;
      readonly request: ListenRequest;
      readonly chains: FilterChainPlan[];
      readonly kind: TableEntry['kind'];
    },
  ): void {
    const { binding, request, chains, kind } = made;
    this.#entries.set(key, { binding, port: request.port, chains, kind, protocol: request.port.protocol, isLocked: false });
  }
}

interface Placed {
  readonly binding: Binding;
  readonly cidrs: readonly string[];
  readonly key: string;
  readonly current: TableEntry | undefined;
}

/** Only connections whose first bytes look like HTTP. */
function sniffed(chain: FilterChainPlan, view: ProxyView): FilterChainPlan {
  const applicationProtocols = view.node.acceptsHttp10 ? ['http/1.0', 'http/1.1', 'h2c'] : ['http/1.1', 'h2c'];
  return { ...chain, applicationProtocols, transportProtocol: 'raw_buffer' };
}

/** Server-first protocols would wait forever for the client's first bytes, so they do not share a port. */
function isExclusive(incoming: PortProtocol, existing: PortProtocol): boolean {
  const serverFirst = (protocol: PortProtocol) => protocol === 'Mongo' || protocol === 'MySQL';
  return incoming !== existing && (serverFirst(incoming) || serverFirst(existing));
}

/** Adds the chains whose conditions no chain has yet: of two with the same ones the first stays. */
function mergeChains(entry: TableEntry, incoming: readonly FilterChainPlan[]): void {
  for (const chain of incoming)
    if (!entry.chains.some((existing) => conditions(existing) === conditions(chain))) entry.chains = [...entry.chains, chain];
}

function conditions(chain: FilterChainPlan): string {
  const hosts = chain.serverNames.filter((host) => host !== '*').sort();
  const networks = chain.cidrs
    .map(networkKey)
    .filter((key) => key !== '')
    .sort();
  return JSON.stringify([chain.transportProtocol, chain.applicationProtocols, hosts, networks]);
}

/** Networks written differently may be the same: 1.2.3.4/8 is 1.0.0.0/8. */
function networkKey(text: string): string {
  const cidr = parseCidr(text);
  if (cidr === null || cidr.bytes.every((byte) => byte === 0)) return '';
  const masked = cidr.bytes.map((byte, index) => {
    const bits = Math.max(0, Math.min(8, cidr.prefixLength - index * 8));
    return byte & ((0xff << (8 - bits)) & 0xff);
  });
  return `${masked.join('.')}/${cidr.prefixLength}`;
}
