import type { PortProtocol } from './service.ts';

const declared: Readonly<Record<string, PortProtocol>> = {
  http: 'HTTP',
  http2: 'HTTP2',
  grpc: 'GRPC',
  'grpc-web': 'GRPC-Web',
  https: 'HTTPS',
  tls: 'TLS',
  tcp: 'TCP',
  udp: 'UDP',
  mongo: 'Mongo',
  redis: 'Redis',
  mysql: 'MySQL',
  http_proxy: 'HTTP',
  http3: 'HTTP2',
};

const fromAppProtocol: Readonly<Record<string, PortProtocol>> = {
  'kubernetes.io/h2c': 'HTTP2',
  'kubernetes.io/ws': 'HTTP',
  'kubernetes.io/wss': 'HTTPS',
};

/** Server-first protocols on these ports would hang while the first bytes are awaited. */
const serverFirstPorts: ReadonlySet<number> = new Set([25, 53, 3306, 27017]);

/** The protocol a name stands for, in any case; `auto` for a name that is none. */
export function parseProtocol(name: string): PortProtocol {
  return declared[name.toLowerCase()] ?? 'auto';
}

/** The protocol of a Kubernetes service port: UDP before all, then `appProtocol`, then the port's name up to its first dash. */
export function kubernetesPortProtocol(port: {
  readonly name: string;
  readonly number: number;
  readonly protocol: string;
  readonly appProtocol: string | null;
}): PortProtocol {
  if (port.protocol.toUpperCase() === 'UDP') return 'UDP';
  const name = port.appProtocol ?? port.name;
  const special = port.appProtocol === null ? undefined : fromAppProtocol[port.appProtocol.toLowerCase()];
  const protocol = special ?? parseProtocol(protocolPart(name));
  return protocol === 'auto' && serverFirstPorts.has(port.number) ? 'TCP' : protocol;
}

/** Whether the port gets an HTTP connection manager without looking at the bytes. */
export function isHttp(protocol: PortProtocol): boolean {
  return protocol === 'HTTP' || protocol === 'HTTP2' || protocol === 'GRPC' || protocol === 'GRPC-Web';
}

/** Whether upstream connections speak HTTP/2. */
export function isHttp2(protocol: PortProtocol): boolean {
  return protocol === 'HTTP2' || protocol === 'GRPC' || protocol === 'GRPC-Web';
}

/** Whether the port may carry HTTP. */
export function isHttpOrAuto(protocol: PortProtocol): boolean {
  return protocol === 'auto' || isHttp(protocol);
}

/** Whether the proxy sees TLS that it does not end. */
export function isTls(protocol: PortProtocol): boolean {
  return protocol === 'HTTPS' || protocol === 'TLS';
}

/** How a listener treats the port. */
export function listenerProtocol(protocol: PortProtocol): 'http' | 'tcp' | 'auto' | 'none' {
  if (protocol === 'auto') return 'auto';
  if (protocol === 'UDP') return 'none';
  return isHttp(protocol) ? 'http' : 'tcp';
}

function protocolPart(name: string): string {
  const lower = name.toLowerCase();
  if (lower === 'grpc-web' || lower.startsWith('grpc-web-')) return 'grpc-web';
  const dash = lower.indexOf('-');
  return dash < 0 ? lower : lower.slice(0, dash);
}
