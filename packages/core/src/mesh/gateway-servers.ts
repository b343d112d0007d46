import type { Gateway, GatewaySpec } from '../resource/kinds.ts';
import type { ResourceRef } from '../resource/resource.ts';
import { compareAge } from '../resource/resource-set.ts';
import { isHttp, parseProtocol } from './port-protocol.ts';
import type { PortProtocol } from './service.ts';

export type GatewayServerSpec = NonNullable<GatewaySpec['servers']>[number];
/** TLS of a server; the last fields are younger than the generated types. */
export type ServerTls = NonNullable<GatewayServerSpec['tls']> & {
  readonly alpnProtocols?: readonly string[];
  readonly ecdhCurves?: readonly string[];
  readonly insecureSkipVerify?: boolean | null;
};

/** One server of a Gateway as it is served. */
export interface GatewayServer {
  /** `namespace/name` of the Gateway, as VirtualServices refer to it. */
  readonly gateway: string;
  readonly ref: ResourceRef;
  /** `spec.servers[0]`. */
  readonly path: string;
  readonly spec: GatewayServerSpec;
  /** The port as written, which `match.port` of routes and virtual host names use. */
  readonly port: number;
  readonly protocol: PortProtocol;
  /** `host` or `namespace/host`, lower-case; the namespace limits which VirtualServices bind. */
  readonly hosts: readonly string[];
  /** `http.80`, `https.443.https.gw.ns`; `''` when the server takes no HTTP routes. */
  readonly routeName: string;
  /** Server names of the filter chain match; empty matches any. */
  readonly sniHosts: readonly string[];
  /** Whether requests for its hosts are never those of another server with wider hosts, even where it has no route for them. */
  readonly isIsolated: boolean;
}

/** The servers that share one listening port and address. */
export interface GatewayPort {
  /** The port that is bound: the workload's, where a Service of the gateway translates it. */
  readonly number: number;
  /** `''` for the wildcard address. */
  readonly bind: string;
  readonly protocol: PortProtocol;
  readonly servers: readonly GatewayServer[];
}

/** A server that is not served, and why. */
export interface GatewayConflict {
  readonly ref: ResourceRef;
  readonly path: string;
  readonly reason: 'duplicate-tls-host' | 'protocol-conflict' | 'duplicate-port-name' | 'missing-tls' | 'invalid-port';
  /** The Gateway that was there first, `namespace/name`; `''` when the server is wrong by itself. */
  readonly other: string;
}

/** All Gateways of one proxy as one. */
export interface MergedGateway {
  /** In the order the ports were first seen. */
  readonly ports: readonly GatewayPort[];
  readonly serversByRouteName: ReadonlyMap<string, readonly GatewayServer[]>;
  readonly conflicts: readonly GatewayConflict[];
}

/** A service port that the gateway's own workload serves: how a server's port is translated to the port to bind. */
export interface GatewayPortMapping {
  readonly hostname: string;
  readonly servicePort: number;
  readonly targetPort: number;
  /** Labels of the service. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Set on Gateways made from the Gateway API: the services, comma separated, whose workloads serve it. */
export const gatewayServiceAnnotation = 'internal.istio.io/gateway-service';

/** Set on Gateways made from the Gateway API: `gateway`. */
export const gatewaySemanticsAnnotation = 'internal.istio.io/gateway-semantics';

const noTranslationLabel = 'experimental.istio.io/disable-gateway-port-translation';
const gatewayNameLabel = 'gateway.networking.k8s.io/gateway-name';

/** The Gateways that a router with these labels and services serves, oldest first. */
export function selectGateways(
  gateways: readonly Gateway[],
  proxy: { readonly namespace: string; readonly labels: Readonly<Record<string, string>>; readonly serviceHostnames: ReadonlySet<string> },
): readonly Gateway[] {
  return gateways.filter((gateway) => selectsProxy(gateway, proxy)).sort(compareAge);
}

/** Merges Gateways, oldest first: servers that share a port are served together where their protocols allow it, otherwise the first one wins. */
export function mergeGateways(gateways: readonly Gateway[], mappings: readonly GatewayPortMapping[]): MergedGateway {
  const merge = new Merge(mappings);
  for (const gateway of gateways) {
    for (const [index, spec] of (gateway.spec?.servers ?? []).entries()) merge.add(gateway, spec, index);
  }
  return merge.result();
}

/** Whether the server does not terminate TLS but forwards it by server name. */
export function isPassthrough(spec: GatewayServerSpec): boolean {
  return spec.tls?.mode === 'PASSTHROUGH' || spec.tls?.mode === 'AUTO_PASSTHROUGH';
}

/** Whether requests are routed by HTTP rules: HTTP, or HTTPS whose TLS ends here. */
export function isHttpServer(server: Pick<GatewayServer, 'protocol' | 'spec'>): boolean {
  return isHttp(server.protocol) || (server.protocol === 'HTTPS' && server.spec.tls !== undefined && !isPassthrough(server.spec));
}

function selectsProxy(
  gateway: Gateway,
  proxy: { readonly namespace: string; readonly labels: Readonly<Record<string, string>>; readonly serviceHostnames: ReadonlySet<string> },
): boolean {
  const services = gateway.annotations[gatewayServiceAnnotation];
  if (services !== undefined) {
    if (services.split(',').some((hostname) => proxy.serviceHostnames.has(hostname))) return true;
    const name = gateway.labels[gatewayNameLabel];
    return name !== undefined && name === proxy.labels[gatewayNameLabel] && gateway.ref.namespace === proxy.namespace;
  }
  return Object.entries(gateway.spec?.selector ?? {}).every(([key, value]) => proxy.labels[key] === value);
}

interface PortInProgress {
  readonly number: number;
  readonly bind: string;
  readonly protocol: PortProtocol;
  readonly servers: GatewayServer[];
}

/** The state of one merge. */
class Merge {
  readonly #mappings: readonly GatewayPortMapping[];
  readonly #ports: PortInProgress[] = [];
  readonly #serversByRouteName = new Map<string, GatewayServer[]>();
  readonly #conflicts: GatewayConflict[] = [];
  /** First plain-text port entry by number. */
  readonly #plainByNumber = new Map<number, PortInProgress>();
  readonly #tlsBinds = new Map<number, Set<string>>();
  /** Who serves a server name, by `port/bind/name`. */
  readonly #tlsHostOwner = new Map<string, string>();

  constructor(mappings: readonly GatewayPortMapping[]) {
    this.#mappings = mappings;
  }

  add(gateway: Gateway, spec: GatewayServerSpec, index: number): void {
    const path = `spec.servers[${index}]`;
    const number = spec.port?.number;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > 65535) {
      this.#conflicts.push({ ref: gateway.ref, path, reason: 'invalid-port', other: '' });
      return;
    }
    const protocol = parseProtocol(spec.port?.protocol ?? '');
    const hosts = serverHosts(spec.hosts ?? [], gateway.ref.namespace);
    for (const bound of this.#boundPorts(gateway, number)) {
      const named = { protocol, spec };
      const server: GatewayServer = {
        gateway: `${gateway.ref.namespace}/${gateway.ref.name}`,
        ref: gateway.ref,
        path,
        spec,
        port: number,
        protocol,
        hosts,
        routeName: routeName(named, bound, number, gateway),
        sniHosts: isTlsServer(named) ? sniHosts(hosts) : [],
        isIsolated: gateway.annotations[gatewaySemanticsAnnotation] === 'gateway',
      };
      this.#place(server, bound);
    }
  }

  result(): MergedGateway {
    return { ports: this.#ports, serversByRouteName: this.#serversByRouteName, conflicts: this.#conflicts };
  }

  /** A Gateway that names its services is served on their ports only; one that selects by labels on the port as written where no service translates it. */
  #boundPorts(gateway: Gateway, number: number): readonly number[] {
    const services = gateway.annotations[gatewayServiceAnnotation]?.split(',');
    const own = this.#mappings.filter((mapping) =>
      services ? services.includes(mapping.hostname) : mapping.labels[noTranslationLabel] === undefined,
    );
    const fitting = own.filter((mapping) => mapping.servicePort === number);
    if (services && own.length > 0) return [...new Set(fitting.map((mapping) => mapping.targetPort))].sort((a, b) => a - b);
    return [fitting[0]?.targetPort ?? number];
  }

  #place(server: GatewayServer, bound: number): void {
    const bind = server.spec.bind ?? '';
    if (server.spec.tls !== undefined && this.#claimsTakenHost(server, bound, bind)) return;
    const plain = this.#plainByNumber.get(bound);
    const isKnown = plain !== undefined || this.#tlsBinds.has(bound);
    if (!isKnown) this.#addFirst(server, bound, bind);
    else if (plain) this.#addToPlain(server, plain, bound, bind);
    else this.#addToTls(server, bound, bind);
  }

  /** Envoy refuses two filter chains with one match, so a TLS host is served once per port and address. Plain HTTP with a `tls` block redirects, and is held to the same. */
  #claimsTakenHost(server: GatewayServer, bound: number, bind: string): boolean {
    const served = server.sniHosts.length > 0 ? server.sniHosts : ['*'];
    const names = isTlsServer(server) ? served : server.hosts;
    const keys = names.map((host) => `${bound}/${bind}/${host}`);
    const taken = keys.find((key) => this.#tlsHostOwner.has(key));
    if (taken !== undefined) {
      this.#refuse(server, 'duplicate-tls-host', this.#tlsHostOwner.get(taken) ?? '');
      return true;
    }
    for (const key of keys) this.#tlsHostOwner.set(key, server.gateway);
    return false;
  }

  #addFirst(server: GatewayServer, bound: number, bind: string): void {
    const port: PortInProgress = { number: bound, bind, protocol: server.protocol, servers: [server] };
    this.#ports.push(port);
    if (isTlsServer(server)) this.#tlsBinds.set(bound, new Set([bind]));
    else this.#plainByNumber.set(bound, port);
    this.#indexRoute(server);
  }

  #addToPlain(server: GatewayServer, plain: PortInProgress, bound: number, bind: string): void {
    if (plain.bind === bind) {
      const other = plain.servers[0]?.gateway ?? '';
      if (!isHttp(server.protocol) || !isHttp(plain.protocol)) {
        this.#refuse(server, 'protocol-conflict', other);
        return;
      }
      plain.servers.push(server);
    } else {
      this.#addToPort(server, bound, bind);
    }
    this.#indexRoute(server);
  }

  #addToTls(server: GatewayServer, bound: number, bind: string): void {
    const binds = this.#tlsBinds.get(bound) ?? new Set();
    const isNewBind = !binds.has(bind);
    const other = this.#ports.find((port) => port.number === bound)?.servers[0]?.gateway ?? '';
    if (isHttpServer(server) && this.#serversByRouteName.has(server.routeName)) {
      this.#refuse(server, 'duplicate-port-name', other);
      return;
    }
    if (!isTlsServer(server) && !isNewBind) {
      this.#refuse(server, isHttp(server.protocol) ? 'protocol-conflict' : 'missing-tls', other);
      return;
    }
    binds.add(bind);
    this.#addToPort(server, bound, bind);
    this.#indexRoute(server);
  }

  #addToPort(server: GatewayServer, bound: number, bind: string): void {
    const port = this.#ports.find((port) => port.number === bound && port.bind === bind && port.protocol === server.protocol);
    if (port) port.servers.push(server);
    else this.#ports.push({ number: bound, bind, protocol: server.protocol, servers: [server] });
  }

  #indexRoute(server: GatewayServer): void {
    if (!isHttpServer(server)) return;
    const servers = this.#serversByRouteName.get(server.routeName);
    if (servers) servers.push(server);
    else this.#serversByRouteName.set(server.routeName, [server]);
  }

  #refuse(server: GatewayServer, reason: GatewayConflict['reason'], other: string): void {
    this.#conflicts.push({ ref: server.ref, path: server.path, reason, other });
  }
}

/** Whether the listener of this server needs TLS inspection: a TLS block on anything but plain HTTP, where it only means a redirect. */
function isTlsServer(server: Pick<GatewayServer, 'protocol' | 'spec'>): boolean {
  return server.spec.tls !== undefined && !isHttp(server.protocol);
}

/** `./h` becomes `namespace/h`, `*` `/h` becomes `h`, and everything with `*` `/*` is just `*`. */
function serverHosts(hosts: readonly string[], namespace: string): readonly string[] {
  const result: string[] = [];
  for (const host of hosts) {
    const slash = host.indexOf('/');
    const name = host.slice(slash + 1).toLowerCase();
    const scope = slash < 0 ? '*' : host.slice(0, slash);
    if (scope === '*' && name === '*') return ['*'];
    result.push(scope === '*' ? name : `${scope === '.' ? namespace : scope}/${name}`);
  }
  return result;
}

function sniHosts(hosts: readonly string[]): readonly string[] {
  const names = new Set(hosts.map((host) => host.slice(host.indexOf('/') + 1)));
  return names.has('*') ? [] : [...names].sort();
}

function routeName(server: Pick<GatewayServer, 'protocol' | 'spec'>, bound: number, written: number, gateway: Gateway): string {
  const bind = server.spec.bind ? `.${server.spec.bind}` : '';
  if (isHttp(server.protocol)) return `http.${bound}${bind}`;
  if (!isHttpServer(server)) return '';
  return `https.${written}.${server.spec.port?.name ?? ''}.${gateway.ref.name}.${gateway.ref.namespace}${bind}`;
}
