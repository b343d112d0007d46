import type { Sidecar, SidecarSpec } from '../kinds.ts';
import { checkDestination } from './destination.ts';
import { checkScopedHost } from './gateway.ts';
import {
  checkFqdn,
  checkIpAddress,
  checkPort,
  checkPortName,
  checkProtocol,
  checkUnixPath,
  isHttpProtocol,
  isTlsProtocol,
} from './names.ts';
import type { Report } from './report.ts';
import { checkWorkloadSelector } from './scope.ts';
import { checkServerTls } from './server-tls.ts';
import { checkConnectionPool } from './traffic-policy.ts';

type Ingress = NonNullable<SidecarSpec['ingress']>[number];
type Egress = NonNullable<SidecarSpec['egress']>[number];
type Port = NonNullable<Ingress['port']>;

const unixPrefix = 'unix://';
const defaultEndpointHosts = new Set(['', '127.0.0.1', '0.0.0.0', '::1', '::']);

/** What Istio's webhook asks of a Sidecar. */
export function checkSidecar(resource: Sidecar, report: Report): void {
  const { spec, ref } = resource;
  checkWorkloadSelector(spec.workloadSelector, report);
  if (!spec.egress?.length && !spec.ingress?.length && !spec.outboundTrafficPolicy && !spec.inboundConnectionPool) {
    report.error('spec', 'an empty Sidecar has no effect: expected egress, ingress, outboundTrafficPolicy or inboundConnectionPool');
    return;
  }
  const ports = new Set<number>();
  for (const [index, ingress] of (spec.ingress ?? []).entries()) checkIngress(ingress, ports, `spec.ingress[${index}]`, report);
  checkConnectionPool(spec.inboundConnectionPool, 'spec.inboundConnectionPool', report);
  checkEgressListeners(spec.egress ?? [], ref.namespace, report);
  checkOutboundTrafficPolicy(spec.outboundTrafficPolicy, report);
}

function checkIngress(ingress: Ingress, ports: Set<number>, path: string, report: Report): void {
  const { port } = ingress;
  if (!port) {
    report.error(`${path}.port`, 'is required');
    return;
  }
  checkListenerPort(port, path, report);
  add(report, `${path}.port.number`, checkPort(port.number));
  if (ingress.bind) add(report, `${path}.bind`, checkIpAddress(ingress.bind));
  const number = port.number ?? 0;
  if (ports.has(number)) report.error(`${path}.port.number`, `the port ${number} is used by another listener`);
  ports.add(number);
  if (ingress.defaultEndpoint) add(report, `${path}.defaultEndpoint`, checkDefaultEndpoint(ingress.defaultEndpoint));
  if (ingress.tls && !isTlsProtocol(port.protocol)) report.error(`${path}.tls`, 'is possible with the protocols HTTPS and TLS only');
  if (ingress.tls) checkIngressTls(ingress.tls, `${path}.tls`, report);
  checkConnectionPool(ingress.connectionPool, `${path}.connectionPool`, report);
  if (ingress.connectionPool?.http && !isHttpProtocol(port.protocol)) {
    report.warn(
      `${path}.connectionPool.http`,
      `the port's protocol (${port.protocol ?? 'none'}) is not HTTP, so only the tcp settings apply`,
    );
  }
}

function checkIngressTls(tls: NonNullable<Ingress['tls']>, path: string, report: Report): void {
  if (tls.subjectAltNames?.length) report.error(`${path}.subjectAltNames`, 'is not supported in a Sidecar');
  if (tls.httpsRedirect) report.error(`${path}.httpsRedirect`, 'is not supported in a Sidecar');
  for (const field of ['credentialName', 'credentialNames', 'tlsCertificates'] as const) {
    if (tls[field]?.length) report.error(`${path}.${field}`, 'is not supported in a Sidecar');
  }
  if (tls.mode === 'ISTIO_MUTUAL' || tls.mode === 'AUTO_PASSTHROUGH') {
    report.error(`${path}.mode`, `expected SIMPLE, MUTUAL or OPTIONAL_MUTUAL, found ${tls.mode}`);
  }
  checkServerTls(tls, path, report);
}

function checkDefaultEndpoint(endpoint: string): string | null {
  if (endpoint.startsWith(unixPrefix)) return checkUnixPath(endpoint.slice(unixPrefix.length));
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(endpoint);
  const port = match?.[3] ?? '';
  if (!match || !defaultEndpointHosts.has(match[1] ?? match[2] ?? '')) {
    return `expected 127.0.0.1:port, 0.0.0.0:port, [::1]:port, [::]:port or unix://path, found "${endpoint}"`;
  }
  return /^\d+$/.test(port) ? checkPort(Number(port)) : `expected a port number, found "${port}"`;
}

function checkEgressListeners(listeners: readonly Egress[], namespace: string, report: Report): void {
  const ports = new Set<number>();
  const sockets = new Set<string>();
  for (const [index, egress] of listeners.entries()) {
    const path = `spec.egress[${index}]`;
    if (!egress.port) {
      if (index < listeners.length - 1)
        report.error(path, 'a listener without a port takes all the rest, so it must be the only one and the last');
    } else {
      checkEgressPort(egress, egress.port, path, report);
      const number = egress.port.number ?? 0;
      if (number === 0 ? sockets.has(egress.bind ?? '') : ports.has(number)) {
        report.error(
          path,
          number === 0 ? `the socket ${egress.bind} is used by another listener` : `the port ${number} is used by another listener`,
        );
      }
      if (number === 0) sockets.add(egress.bind ?? '');
      else ports.add(number);
    }
    checkEgressHosts(egress.hosts, namespace, `${path}.hosts`, report);
  }
}

function checkEgressPort(egress: Egress, port: Port, path: string, report: Report): void {
  checkListenerPort(port, path, report);
  const bind = egress.bind ?? '';
  if (port.number) {
    add(report, `${path}.port.number`, checkPort(port.number));
    if (bind !== '') add(report, `${path}.bind`, checkIpAddress(bind));
    return;
  }
  if (bind.startsWith(unixPrefix)) add(report, `${path}.bind`, checkUnixPath(bind.slice(unixPrefix.length)));
  else report.error(`${path}.port.number`, 'a port number is required unless the listener is bound to a Unix domain socket');
  if (egress.captureMode === 'IPTABLES') report.error(`${path}.captureMode`, 'expected DEFAULT or NONE for a Unix domain socket');
}

function checkListenerPort(port: Port, path: string, report: Report): void {
  if (port.name) add(report, `${path}.port.name`, checkPortName(port.name));
  add(report, `${path}.port.protocol`, checkProtocol(port.protocol));
  if (port.targetPort) report.error(`${path}.port.targetPort`, 'has no effect in a Sidecar');
}

function checkEgressHosts(hosts: readonly string[] | undefined, namespace: string, path: string, report: Report): void {
  if (!hosts?.length) {
    report.error(path, 'expected at least one host');
    return;
  }
  const seen = new Map<string, Set<string>>();
  for (const [index, host] of hosts.entries()) {
    add(report, `${path}[${index}]`, checkScopedHost(host, 'sidecar'));
    const slash = host.indexOf('/');
    if (slash < 0) continue;
    const scope = host.slice(0, slash) === '.' ? namespace : host.slice(0, slash);
    const name = host.slice(slash + 1);
    const names = seen.get(scope) ?? new Set();
    seen.set(scope, names);
    if (name === '*' ? names.size > 0 : names.has(name) || names.has('*'))
      report.warn(`${path}[${index}]`, `"${host}" is covered by another host of the list`);
    names.add(name);
  }
  const others = [...seen.keys()].filter((scope) => scope !== '*' && !scope.startsWith('~'));
  if (seen.get('*')?.has('*') && others.length > 0) report.warn(path, '"*/*" selects everything, so the other hosts have no effect');
}

function checkOutboundTrafficPolicy(policy: SidecarSpec['outboundTrafficPolicy'], report: Report): void {
  const proxy = policy?.egressProxy;
  if (!proxy) return;
  const path = 'spec.outboundTrafficPolicy';
  if (policy.mode !== 'ALLOW_ANY') {
    report.error(`${path}.egressProxy`, `is possible with mode ALLOW_ANY only, found ${policy.mode ?? 'REGISTRY_ONLY (the default)'}`);
    return;
  }
  add(report, `${path}.egressProxy.host`, checkFqdn(proxy.host ?? ''));
  if (!proxy.port) report.error(`${path}.egressProxy.port`, 'is required');
  else checkDestination(proxy, `${path}.egressProxy`, report);
}

function add(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.error(path, problem);
}
