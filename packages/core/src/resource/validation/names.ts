import { isIp, parseCidr } from '../../base/addresses.ts';

// Names as Istio checks them. Each function answers what is wrong, or null.

const dnsLabel = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/;
const wildcardLabel = /^(?:\*|(?:\*|\*-)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)$/;
const labelName = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
/** The protocols a port may name, in lower case. */
export const protocolNames: ReadonlySet<string> = new Set([
  'tcp',
  'udp',
  'grpc',
  'grpc-web',
  'http',
  'http_proxy',
  'http2',
  'https',
  'tls',
  'mongo',
  'redis',
  'mysql',
  'hbone',
  'doublehbone',
]);
const httpProtocols = new Set(['http', 'http2', 'http_proxy', 'grpc', 'grpc-web']);

/** Whether a text is a label of a DNS name: letters (of either case), digits and inner dashes, at most 63. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && dnsLabel.test(text);
}

/** What is wrong with a fully qualified domain name. */
export function checkFqdn(name: string): string | null {
  return checkNameLength(name) ?? checkDnsLabels(name);
}

/** What is wrong with a host that may begin with a wildcard: `*`, `*.example.com`, `*-a.example.com`. */
export function checkWildcardHost(host: string): string | null {
  const length = checkNameLength(host);
  if (length !== null) return length;
  const dot = host.indexOf('.');
  const first = dot < 0 ? host : host.slice(0, dot);
  if (first.length > 63 || !wildcardLabel.test(first)) return `"${host}" is no valid host: its part "${first}" is invalid`;
  return dot < 0 ? null : checkDnsLabels(host.slice(dot + 1));
}

/** What is wrong with a host whose wildcard is not a whole first label: `*foo.com`. */
export function checkPartialWildcard(host: string): string | null {
  const partial = host.includes('*') && host.length !== 1 && !host.startsWith('*.');
  return partial ? `a wildcard must be the whole first label ("*.example.com"), found "${host}"` : null;
}

/** What is wrong with a trust domain. */
export function checkTrustDomain(domain: string): string | null {
  if (domain === '') return 'a trust domain must not be empty';
  const parts = domain.split('.');
  const labels = parts.at(-1) === '' ? parts.slice(0, -1) : parts;
  return labels.every(isDnsLabel) ? null : `"${domain}" is no valid trust domain`;
}

/** What is wrong with a port number. */
export function checkPort(port: number | undefined): string | null {
  return port !== undefined && port >= 1 && port <= 65_535 ? null : `expected a port from 1 to 65535, found ${port ?? 'none'}`;
}

/** What is wrong with a port's name. */
export function checkPortName(name: string | undefined): string | null {
  return isDnsLabel(name ?? '') ? null : `expected a port name of letters, digits and dashes, found "${name ?? ''}"`;
}

/** Whether Istio knows a protocol name; case does not matter. */
export function isKnownProtocol(protocol: string): boolean {
  return protocolNames.has(protocol.toLowerCase());
}

/** Whether a protocol name stands for HTTP in the clear. */
export function isHttpProtocol(protocol: string | undefined): boolean {
  return httpProtocols.has((protocol ?? '').toLowerCase());
}

/** Whether a protocol name stands for TLS. */
export function isTlsProtocol(protocol: string | undefined): boolean {
  const name = (protocol ?? '').toLowerCase();
  return name === 'https' || name === 'tls';
}

/** Whether a protocol is carried as a byte stream: TCP itself, TLS and the databases. */
export function isTcpProtocol(protocol: string | undefined): boolean {
  return ['tcp', 'https', 'tls', 'mongo', 'redis', 'mysql'].includes((protocol ?? '').toLowerCase());
}

/** What is wrong with a protocol's name; an empty one means that the protocol is detected. */
export function checkProtocol(protocol: string | undefined | null): string | null {
  if (!protocol || isKnownProtocol(protocol)) return null;
  return `unsupported protocol "${protocol}"`;
}

/** What is wrong with an address or a network in CIDR form. */
export function checkSubnet(subnet: string): string | null {
  return parseCidr(subnet) === null ? `"${subnet}" is neither an IP address nor a network such as 10.0.0.0/8` : null;
}

/** What is wrong with an IP address. */
export function checkIpAddress(address: string): string | null {
  return isIp(address) ? null : `"${address}" is no IP address`;
}

/** What is wrong with the path of a Unix domain socket, without `unix://`. Names in the abstract name space begin with `@`. */
export function checkUnixPath(path: string): string | null {
  if (path === '') return 'the path of a Unix domain socket must not be empty';
  if (path.startsWith('@')) return null;
  return path.startsWith('/') && !path.endsWith('/') ? null : `"${path}" is no absolute path of a file`;
}

/** What is wrong with the keys and values of labels. */
export function checkLabels(labels: Readonly<Record<string, string>> | undefined): string | null {
  for (const [key, value] of Object.entries(labels ?? {})) {
    const slash = key.indexOf('/');
    const name = slash < 0 ? key : key.slice(slash + 1);
    const prefix = slash < 0 ? '' : key.slice(0, slash);
    if (name.length > 63 || !labelName.test(name) || (slash >= 0 && (prefix.length > 253 || !prefix.split('.').every(isDnsLabel)))) {
      return `"${key}" is no valid label key`;
    }
    if (value && (value.length > 63 || !labelName.test(value))) return `"${value}" is no valid value for the label "${key}"`;
  }
  return null;
}

/** What is wrong with the name of a subset. */
export function checkSubsetName(name: string | undefined): string | null {
  if (!name) return 'a subset name must not be empty';
  return isDnsLabel(name) ? null : `"${name}" is no valid subset name: letters, digits and dashes are allowed`;
}

function checkNameLength(name: string): string | null {
  if (name === '') return 'a host must not be empty';
  return name.length > 255 ? `a host has at most 255 characters, found ${name.length}` : null;
}

function checkDnsLabels(domain: string): string | null {
  const parts = domain.split('.');
  const last = parts.at(-1) ?? '';
  if (/^[-+]?\d+$/.test(last)) return `"${domain}" is no valid host: its last part must not be a number`;
  for (const [index, label] of parts.entries()) {
    if (index === parts.length - 1 && label === '') return null;
    if (!isDnsLabel(label)) return `"${domain}" is no valid host: its part "${label}" is invalid`;
  }
  return null;
}
