import { isIp } from '../../base/addresses.ts';
import { hostSubsetOf, overlappingHosts } from '../../base/hosts.ts';
import type { VirtualService, VirtualServiceSpec } from '../kinds.ts';
import { checkDestination, checkGatewayNames, checkWeights } from './destination.ts';
import { checkHttpRoute } from './http-route.ts';
import { checkLabels, checkPort, checkSubnet, checkWildcardHost } from './names.ts';
import type { Report } from './report.ts';
import { checkExportTo } from './scope.ts';
import { isClaimHeader } from './values.ts';

type TlsRoute = NonNullable<VirtualServiceSpec['tls']>[number];
type TlsMatch = NonNullable<TlsRoute['match']>[number];
type TcpRoute = NonNullable<VirtualServiceSpec['tcp']>[number];

/** What Istio's webhook asks of a VirtualService. */
export function checkVirtualService(resource: VirtualService, report: Report): void {
  const { spec } = resource;
  const hosts = spec.hosts ?? [];
  const isDelegate = hosts.length === 0;
  if (isDelegate) checkDelegate(spec, report);
  checkGatewayNames(spec.gateways, 'spec.gateways', report);
  const isMeshNamed = (spec.gateways ?? []).includes('mesh');
  const onlyAtGateways = !isMeshNamed && (spec.gateways?.length ?? 0) > 0;
  if (!onlyAtGateways) checkClaims(spec, report);
  checkHosts(spec, onlyAtGateways, report);
  if (!spec.http?.length && !spec.tcp?.length && !spec.tls?.length) report.error('spec', 'expected at least one of http, tls and tcp');
  for (const [index, route] of (spec.http ?? []).entries()) checkHttpRoute(route, isDelegate, `spec.http[${index}]`, report);
  for (const [index, route] of (spec.tls ?? []).entries())
    checkTlsRoute(route, { hosts, sniAllowed: !isMeshNamed }, `spec.tls[${index}]`, report);
  for (const [index, route] of (spec.tcp ?? []).entries()) checkTcpRoute(route, `spec.tcp[${index}]`, report);
  checkExportTo(spec.exportTo, resource.ref.namespace, false, report);
}

function checkDelegate(spec: VirtualServiceSpec, report: Report): void {
  if (spec.gateways?.length) report.error('spec.gateways', 'must not be set without hosts: a delegate takes its gateways from the root');
  if (spec.tls?.length) report.error('spec.tls', 'must not be set without hosts: only http routes can be delegated');
  if (spec.tcp?.length) report.error('spec.tcp', 'must not be set without hosts: only http routes can be delegated');
}

function checkClaims(spec: VirtualServiceSpec, report: Report): void {
  for (const [index, route] of (spec.http ?? []).entries()) {
    for (const [matchIndex, match] of (route.match ?? []).entries()) {
      for (const field of ['headers', 'withoutHeaders'] as const) {
        for (const name of Object.keys(match[field] ?? {}).filter(isClaimHeader)) {
          report.error(
            `spec.http[${index}].match[${matchIndex}].${field}`,
            `claims of a token (${name}) can be matched at gateways only, but the VirtualService names no gateway`,
          );
        }
      }
    }
  }
}

function checkHosts(spec: VirtualServiceSpec, onlyAtGateways: boolean, report: Report): void {
  const hosts = spec.hosts ?? [];
  const matchesSni = (spec.tls ?? []).some((route) => (route.match ?? []).some((match) => match.sniHosts?.length));
  let valid = true;
  for (const [index, host] of hosts.entries()) {
    const problem = checkSniOrHost(host, onlyAtGateways && matchesSni);
    const path = `spec.hosts[${index}]`;
    if (problem !== null && !isIp(host)) {
      report.error(path, problem);
      valid = false;
    } else if (host === '*' && !onlyAtGateways) {
      report.error(path, '"*" is not allowed for a VirtualService that applies to sidecars (gateway "mesh", or no gateways)');
      valid = false;
    }
  }
  if (!valid) return;
  for (const [later, earlier] of overlappingHosts(hosts)) {
    report.error(`spec.hosts[${later}]`, `"${hosts[later] ?? ''}" overlaps with "${hosts[earlier] ?? ''}"`);
  }
}

/** Gateways also take Istio's own SNI names, `outbound_.80_.v1_.reviews.default.svc.cluster.local`, whose labels are no DNS labels. */
function checkSniOrHost(host: string, sniAllowed: boolean): string | null {
  if (!sniAllowed || !host.startsWith('outbound_')) return checkWildcardHost(host);
  const [, port = '', , name = ''] = host.split('_');
  return /\d/.test(port) && /[a-zA-Z]/.test(name) ? null : `expected outbound_.<port>_.<subset>_.<host>, found "${host}"`;
}

/** What the SNI names of a VirtualService's TLS routes may be. */
interface SniRules {
  readonly hosts: readonly string[];
  /** Whether Istio's own SNI names are allowed; sidecars take plain hosts only. */
  readonly sniAllowed: boolean;
}

function checkTlsRoute(route: TlsRoute, rules: SniRules, path: string, report: Report): void {
  if (!route.match?.length) report.error(`${path}.match`, 'expected at least one match');
  for (const [index, match] of (route.match ?? []).entries()) checkTlsMatch(match, rules, `${path}.match[${index}]`, report);
  if (!route.route?.length) report.error(`${path}.route`, 'expected at least one destination');
  checkTcpDestinations(route.route, path, report);
}

function checkTlsMatch(match: TlsMatch, { hosts, sniAllowed }: SniRules, path: string, report: Report): void {
  if (!match.sniHosts?.length) report.error(`${path}.sniHosts`, 'expected at least one SNI host');
  for (const [index, sni] of (match.sniHosts ?? []).entries()) {
    const at = `${path}.sniHosts[${index}]`;
    const problem = checkSniOrHost(sni, sniAllowed);
    if (problem !== null && isIp(sni))
      report.warn(at, `an IP address ("${sni}") as SNI goes against its specification, and most clients send none`);
    else if (problem !== null) report.error(at, problem);
    else if (!hosts.some((host) => hostSubsetOf(sni, host))) report.error(at, `"${sni}" is within none of the hosts ${hosts.join(', ')}`);
  }
  checkL4Match(match, path, report);
}

function checkTcpRoute(route: TcpRoute, path: string, report: Report): void {
  for (const [index, match] of (route.match ?? []).entries()) checkL4Match(match, `${path}.match[${index}]`, report);
  if (!route.route?.length) report.error(`${path}.route`, 'expected at least one destination');
  checkTcpDestinations(route.route, path, report);
}

function checkL4Match(match: Omit<TlsMatch, 'sniHosts'>, path: string, report: Report): void {
  for (const [index, subnet] of (match.destinationSubnets ?? []).entries()) {
    add(report, `${path}.destinationSubnets[${index}]`, checkSubnet(subnet));
  }
  if (match.port) add(report, `${path}.port`, checkPort(match.port));
  add(report, `${path}.sourceLabels`, checkLabels(match.sourceLabels));
  checkGatewayNames(match.gateways, `${path}.gateways`, report);
}

function checkTcpDestinations(destinations: TcpRoute['route'], path: string, report: Report): void {
  for (const [index, weighted] of (destinations ?? []).entries()) {
    const at = `${path}.route[${index}]`;
    if (!weighted.destination) report.error(`${at}.destination`, 'is required');
    checkDestination(weighted.destination, `${at}.destination`, report);
  }
  checkWeights(destinations, `${path}.route`, report);
}

function add(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.error(path, problem);
}
