import { isIp } from '../../base/addresses.ts';
import { childPath } from '../field-path.ts';
import type { ServiceEntry, ServiceEntrySpec, WorkloadEntry, WorkloadEntrySpec, WorkloadGroup } from '../kinds.ts';
import {
  checkFqdn,
  checkLabels,
  checkPartialWildcard,
  checkPort,
  checkPortName,
  checkProtocol,
  checkSubnet,
  checkUnixPath,
  checkWildcardHost,
  isHttpProtocol,
  isTcpProtocol,
  isTlsProtocol,
} from './names.ts';
import type { Report } from './report.ts';
import { checkExportTo, checkWorkloadSelector } from './scope.ts';
import { checkPlainHeaderName } from './values.ts';

const unixPrefix = 'unix://';
/** What is said about a TCP port without addresses of a service that none are allocated for. */
export const addressesWarning =
  'a TCP port needs addresses with resolution NONE: without them every connection to the port is for this service';

/** What the definition and Istio's webhook ask of a ServiceEntry. */
export function checkServiceEntry(resource: ServiceEntry, report: Report): void {
  const { spec, ref } = resource;
  const resolution = spec.resolution ?? 'NONE';
  checkWorkloadSelector(spec.workloadSelector, report);
  if (spec.workloadSelector && spec.endpoints) report.rule('spec', 'workloadSelector and endpoints exclude each other');
  checkHosts(spec.hosts ?? [], resolution, report);
  for (const [index, address] of (spec.addresses ?? []).entries()) add(report, `spec.addresses[${index}]`, checkSubnet(address));
  if (spec.addresses?.some((address) => address.includes('/')) && resolution !== 'NONE' && resolution !== 'STATIC') {
    report.rule('spec.addresses', `networks (CIDR) are possible with resolution NONE and STATIC only, found ${resolution}`);
  }
  const portNames = checkPorts(spec, report);
  warnAddresses(resource, resolution, report);
  checkResolution(spec, portNames, report);
  if (
    resolution !== 'NONE' &&
    (spec.hosts?.length ?? 0) > 1 &&
    spec.ports?.some(({ protocol }) => !isHttpProtocol(protocol) && !isTlsProtocol(protocol))
  ) {
    report.error('spec.hosts', 'several hosts can be told apart on HTTP and TLS ports only');
  }
  checkExportTo(spec.exportTo, ref.namespace, true, report);
}

/** What the definition and Istio's webhook ask of a WorkloadEntry. */
export function checkWorkloadEntry(resource: WorkloadEntry, report: Report): void {
  checkEndpoint(resource.spec, { portNames: null, namesAllowed: true, addressRequired: true, resolvedByDns: false }, 'spec', report);
}

/** What the definition and Istio's webhook ask of a WorkloadGroup. */
export function checkWorkloadGroup(resource: WorkloadGroup, report: Report): void {
  const { spec } = resource;
  add(report, 'spec.metadata.labels', checkLabels(spec.metadata?.labels));
  if (spec.template)
    checkEndpoint(
      spec.template,
      { portNames: null, namesAllowed: true, addressRequired: false, resolvedByDns: false },
      'spec.template',
      report,
    );
  const { probe } = spec;
  if (!probe) return;
  const { httpGet, tcpSocket, grpc, exec } = probe;
  if (!httpGet && !tcpSocket && !grpc && !exec) report.error('spec.probe', 'expected httpGet, tcpSocket, exec or grpc');
  if (httpGet) {
    addRule(report, 'spec.probe.httpGet.port', checkPort(httpGet.port));
    if (httpGet.scheme && httpGet.scheme !== 'HTTP' && httpGet.scheme !== 'HTTPS') {
      report.rule('spec.probe.httpGet.scheme', `expected HTTP or HTTPS, found "${httpGet.scheme}"`);
    }
    for (const [index, header] of (httpGet.httpHeaders ?? []).entries()) {
      add(report, `spec.probe.httpGet.httpHeaders[${index}].name`, checkPlainHeaderName(header.name));
    }
  }
  if (tcpSocket) addRule(report, 'spec.probe.tcpSocket.port', checkPort(tcpSocket.port));
  if (grpc && grpc.port !== undefined) addRule(report, 'spec.probe.grpc.port', checkPort(grpc.port));
  if (exec && !exec.command?.length) report.error('spec.probe.exec.command', 'expected a command');
}

function checkHosts(hosts: readonly string[], resolution: string, report: Report): void {
  if (hosts.length === 0) report.error('spec.hosts', 'expected at least one host');
  for (const [index, host] of hosts.entries()) {
    const path = `spec.hosts[${index}]`;
    if (host === '*' && resolution !== 'DYNAMIC_DNS') report.rule(path, 'a ServiceEntry cannot stand for every host ("*")');
    else {
      add(report, path, checkWildcardHost(host));
      const partial = checkPartialWildcard(host);
      if (partial !== null) report.warn(path, partial);
    }
  }
}

function checkPorts(spec: ServiceEntrySpec, report: Report): ReadonlySet<string> {
  const names = new Set<string>();
  const numbers = new Set<number>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const path = `spec.ports[${index}]`;
    const name = port.name ?? '';
    const number = port.number ?? 0;
    if (names.has(name)) report.error(`${path}.name`, `the port name "${name}" is used twice`);
    if (numbers.has(number)) report.rule(`${path}.number`, `the port ${number} is defined twice`);
    names.add(name);
    numbers.add(number);
    addRule(report, `${path}.number`, checkPort(port.number));
    add(report, `${path}.name`, checkPortName(port.name));
    add(report, `${path}.protocol`, checkProtocol(port.protocol));
    if (port.targetPort !== undefined && port.targetPort !== null) addRule(report, `${path}.targetPort`, checkPort(port.targetPort));
  }
  return names;
}

/** Istio allocates addresses unless the resolution is NONE or a label refuses them. */
function warnAddresses({ spec, labels }: ServiceEntry, resolution: string, report: Report): void {
  const isAllocated = resolution !== 'NONE' && labels['networking.istio.io/enable-autoallocate-ip']?.toLowerCase() !== 'false';
  if (isAllocated || spec.addresses?.length) return;
  const index = (spec.ports ?? []).findIndex(({ protocol }) => !protocol || protocol === 'TCP');
  if (index >= 0) report.warn(`spec.ports[${index}]`, addressesWarning);
}

function checkResolution(spec: ServiceEntrySpec, portNames: ReadonlySet<string>, report: Report): void {
  const resolution = spec.resolution ?? 'NONE';
  const endpoints = spec.endpoints ?? [];
  const isDns = resolution === 'DNS' || resolution === 'DNS_ROUND_ROBIN';
  if (resolution === 'NONE' && spec.endpoints != null) report.rule('spec.endpoints', 'must not be set for resolution NONE');
  if (resolution === 'DYNAMIC_DNS' && endpoints.length > 0) report.warn('spec.endpoints', 'are ignored with resolution DYNAMIC_DNS');
  if (resolution === 'DNS_ROUND_ROBIN' && endpoints.length > 1) {
    report.rule('spec.endpoints', `expected at most one endpoint for resolution DNS_ROUND_ROBIN, found ${endpoints.length}`);
  }
  if (isDns && endpoints.length === 0) {
    for (const [index, host] of (spec.hosts ?? []).entries()) {
      if (checkFqdn(host) !== null)
        report.error(`spec.hosts[${index}]`, `"${host}" cannot be resolved by DNS; give endpoints or a full name`);
    }
  }
  for (const [index, endpoint] of endpoints.entries()) {
    const path = `spec.endpoints[${index}]`;
    if (resolution === 'STATIC' || isDns)
      checkEndpoint(endpoint, { portNames, namesAllowed: isDns, addressRequired: true, resolvedByDns: isDns }, path, report);
  }
  if (spec.workloadSelector && resolution !== 'STATIC') report.warn('spec.workloadSelector', `has no effect with resolution ${resolution}`);
  if (isDns && spec.addresses?.length && (spec.hosts?.length ?? 0) > 1 && spec.ports?.some(({ protocol }) => isTcpProtocol(protocol))) {
    report.warn('spec.hosts', 'several hosts share the addresses, which TCP ports cannot tell apart');
  }
}

interface EndpointRules {
  /** Names of the service's ports; null when there is no service. */
  readonly portNames: ReadonlySet<string> | null;
  /** Whether the address may be a DNS name. */
  readonly namesAllowed: boolean;
  readonly addressRequired: boolean;
  /** Whether the addresses are resolved by DNS, which leaves IP addresses and names only. */
  readonly resolvedByDns: boolean;
}

function checkEndpoint(entry: WorkloadEntrySpec, rules: EndpointRules, path: string, report: Report): void {
  const address = entry.address ?? '';
  const isUnix = address.startsWith(unixPrefix);
  if (address === '' && rules.addressRequired) {
    if (!entry.network || rules.resolvedByDns) {
      report.rule(`${path}.address`, rules.resolvedByDns ? 'is required' : 'is required unless network is set');
      return;
    }
    report.warn(`${path}.address`, `is not set; the workload is reached through the gateways of network "${entry.network}"`);
  }
  if (isUnix && rules.resolvedByDns) report.error(`${path}.address`, 'a Unix domain socket cannot be resolved by DNS');
  else if (isUnix) {
    addRule(report, `${path}.address`, checkUnixPath(address.slice(unixPrefix.length)));
    if (entry.ports) report.rule(`${path}.ports`, 'must not be set for a Unix domain socket');
    if (rules.portNames !== null && rules.portNames.size !== 1)
      report.error(`${path}.address`, 'a Unix domain socket serves exactly one port of the service');
  } else if (address !== '' && !isIp(address)) {
    if (!rules.namesAllowed) report.error(`${path}.address`, `expected an IP address, found "${address}"`);
    else if (checkFqdn(address) !== null)
      report.error(`${path}.address`, `expected an IP address or a fully qualified name, found "${address}"`);
  }
  for (const [name, port] of Object.entries(entry.ports ?? {})) {
    const at = childPath(`${path}.ports`, name);
    if (rules.portNames !== null && !rules.portNames.has(name)) report.error(at, `the service has no port named "${name}"`);
    addRule(report, at, name.length > 62 ? `a port name has at most 62 characters, found ${name.length}` : checkPortName(name));
    addRule(report, at, checkPort(port));
  }
  add(report, `${path}.labels`, checkLabels(entry.labels));
}

function add(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.error(path, problem);
}

function addRule(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.rule(path, problem);
}
