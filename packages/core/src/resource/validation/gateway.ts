import { isIp } from '../../base/addresses.ts';
import type { Gateway, GatewaySpec } from '../kinds.ts';
import {
  checkIpAddress,
  checkPartialWildcard,
  checkPort,
  checkUnixPath,
  checkWildcardHost,
  isDnsLabel,
  isHttpProtocol,
  isKnownProtocol,
  isTlsProtocol,
} from './names.ts';
import type { Report } from './report.ts';
import { checkServerTls } from './server-tls.ts';

type Server = NonNullable<GatewaySpec['servers']>[number];

/** What Istio's webhook asks of a Gateway. */
export function checkGateway(resource: Gateway, report: Report): void {
  const { spec, ref } = resource;
  if (!isDnsLabel(ref.name)) report.error('metadata.name', `the name of a Gateway must be a DNS label without dots, found "${ref.name}"`);
  if (!spec.servers?.length) report.error('spec.servers', 'expected at least one server');
  const portNames = new Set<string>();
  for (const [index, server] of (spec.servers ?? []).entries()) {
    const path = `spec.servers[${index}]`;
    checkServer(server, path, report);
    const name = server.port?.name ?? '';
    if (server.port && portNames.has(name)) report.error(`${path}.port.name`, `port names must be unique, found "${name}" twice`);
    if (server.port) portNames.add(name);
  }
}

/**
 * What is wrong with a host of a Gateway's server or of a Sidecar's egress: `namespace/host` or, for gateways, the bare host. Gateways also take addresses.
 */
export function checkScopedHost(host: string, kind: 'gateway' | 'sidecar'): string | null {
  const slash = host.indexOf('/');
  if (slash < 0) return kind === 'gateway' ? checkScopedHostName(host, kind) : `expected namespace/host, found "${host}"`;
  const namespace = host.slice(0, slash);
  const name = host.slice(slash + 1);
  if (namespace === '' || name === '') return `expected namespace/host with both parts, found "${host}"`;
  const plain = kind === 'sidecar' && namespace.startsWith('~') ? namespace.slice(1) : namespace;
  const special = plain === '*' || plain === '.' || (kind === 'sidecar' && namespace === '~');
  if (!special && !isDnsLabel(plain)) return `"${namespace}" is no namespace`;
  return checkScopedHostName(name, kind);
}

function checkScopedHostName(host: string, kind: 'gateway' | 'sidecar'): string | null {
  if (kind === 'gateway' && isIp(host)) return null;
  if (host !== '*' && !host.includes('.')) return `expected a fully qualified host, found the short name "${host}"`;
  return checkWildcardHost(host) ?? checkPartialWildcard(host);
}

function checkServer(server: Server, path: string, report: Report): void {
  if (!server.hosts?.length) report.error(`${path}.hosts`, 'expected at least one host');
  for (const [index, host] of (server.hosts ?? []).entries()) add(report, `${path}.hosts[${index}]`, checkScopedHost(host, 'gateway'));
  checkServerTls(server.tls, `${path}.tls`, report);
  const portValid = checkServerPort(server, path, report);
  if (portValid) checkTlsOfProtocol(server, path, report);
}

function checkServerPort(server: Server, path: string, report: Report): boolean {
  const { port, bind = '' } = server;
  if (!port) {
    report.error(`${path}.port`, 'is required');
    return false;
  }
  const isUnix = bind.startsWith('unix://');
  const number = port.number || !isUnix ? checkPort(port.number) : null;
  add(report, `${path}.port.number`, number);
  const isKnown = isKnownProtocol(port.protocol ?? '');
  if (!isKnown)
    report.error(
      `${path}.port.protocol`,
      `expected HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TLS, TCP, MONGO, REDIS or MYSQL, found "${port.protocol ?? ''}"`,
    );
  if (port.targetPort) report.error(`${path}.port.targetPort`, 'has no effect in a Gateway');
  if (!port.name) report.error(`${path}.port.name`, 'is required');
  if (isUnix) {
    add(report, `${path}.bind`, checkUnixPath(bind.slice('unix://'.length)));
    if (port.number) report.error(`${path}.port.number`, 'must be 0 when the server is bound to a Unix domain socket');
  } else if (bind !== '') add(report, `${path}.bind`, checkIpAddress(bind));
  return number === null && isKnown && !port.targetPort && Boolean(port.name);
}

function checkTlsOfProtocol(server: Server, path: string, report: Report): void {
  const { tls, port } = server;
  const isTls = isTlsProtocol(port?.protocol);
  const isHttp = isHttpProtocol(port?.protocol);
  if (isTls && !tls) report.error(`${path}.tls`, 'is required for the protocols HTTPS and TLS');
  if (tls?.httpsRedirect && !isHttp) report.warn(`${path}.tls.httpsRedirect`, 'has an effect on HTTP servers only');
  if (!tls || isTls) return;
  if (!isHttp) report.error(`${path}.tls`, 'must not be set for a protocol that is neither HTTPS nor TLS');
  else if (
    !['PASSTHROUGH', 'AUTO_PASSTHROUGH'].includes(tls.mode ?? 'PASSTHROUGH') ||
    tls.caCertificates ||
    tls.privateKey ||
    tls.serverCertificate
  ) {
    report.error(`${path}.tls`, 'server cannot have TLS settings for plain text HTTP ports, other than httpsRedirect');
  }
}

function add(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.error(path, problem);
}
