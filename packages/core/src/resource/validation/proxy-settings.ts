import { parseDurationMs } from '../../base/durations.ts';
import type { ProxyConfigSettings } from '../proxy-config.ts';
import { checkClientTls } from './client-tls.ts';
import { checkFqdn, checkIpAddress, checkPort } from './names.ts';
import type { Report } from './report.ts';
import { checkDuration } from './values.ts';

const oldAllocation = 'ISTIO_META_DNS_AUTO_ALLOCATE';

/** What Istio asks of a proxy's settings, as a mesh's `defaultConfig` or the annotation `proxy.istio.io/config` makes them. */
export function checkProxySettings(config: ProxyConfigSettings, path: string, report: Report): void {
  const required = ['configPath', 'binaryPath', 'discoveryAddress', 'serviceCluster'] as const;
  for (const field of required) if (config[field] === '') report.error(`${path}.${field}`, 'must not be empty');
  add(report, `${path}.drainDuration`, checkDuration(config.drainDuration));
  if ((parseDurationMs(config.drainDuration ?? '') ?? 0) % 1000 !== 0) report.error(`${path}.drainDuration`, 'expected whole seconds');
  add(report, `${path}.proxyAdminPort`, checkPort(config.proxyAdminPort));
  add(report, `${path}.statusPort`, checkPort(config.statusPort));
  if ((config.concurrency ?? 0) < 0) report.error(`${path}.concurrency`, `expected at least 0, found ${config.concurrency}`);
  checkAddresses(config, path, report);
  if (config.tracing?.lightstep && !config.tracing.lightstep.accessToken)
    report.error(`${path}.tracing.lightstep.accessToken`, 'is required');
  checkClientTls(config.tracing?.tlsSettings, '', `${path}.tracing.tlsSettings`, report);
  if (config.privateKeyProvider) checkKeyProvider(config.privateKeyProvider, `${path}.privateKeyProvider`, report);
  if (config.proxyMetadata?.[oldAllocation] !== undefined) {
    report.warn(
      `${path}.proxyMetadata.${oldAllocation}`,
      'is deprecated: the control plane allocates addresses unless a service refuses them',
    );
  }
}

function checkAddresses(config: ProxyConfigSettings, path: string, report: Report): void {
  const addresses = [
    ['discoveryAddress', config.discoveryAddress],
    ['statsdUdpAddress', config.statsdUdpAddress],
    ['envoyMetricsServiceAddress', config.envoyMetricsServiceAddress],
    ['envoyMetricsService.address', config.envoyMetricsService?.address],
    ['envoyAccessLogService.address', config.envoyAccessLogService?.address],
    ['tracing.zipkin.address', config.tracing?.zipkin?.address],
    ['tracing.lightstep.address', config.tracing?.lightstep?.address],
    ['tracing.datadog.address', config.tracing?.datadog?.address],
  ] as const;
  for (const [field, address] of addresses) if (address) add(report, `${path}.${field}`, checkProxyAddress(address));
}

/** `host:port`; the node's own address may be written `$(HOST_IP)`. */
function checkProxyAddress(address: string): string | null {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(address.replace('$(HOST_IP)', '127.0.0.1'));
  const host = match?.[1] ?? match?.[2] ?? '';
  if (!match) return `expected host:port, found "${address}"`;
  return (
    checkPort(Number(match[3])) ??
    (checkFqdn(host) === null || checkIpAddress(host) === null ? null : `"${host}" is neither a name nor an IP address`)
  );
}

/** Hardware that signs with private keys is asked again after a delay, which must be there. */
function checkKeyProvider(provider: Readonly<Record<string, unknown>>, path: string, report: Report): void {
  const [kind, ...others] = (['cryptomb', 'qat'] as const).filter((name) => provider[name] != null);
  if (kind === undefined || others.length > 0) {
    report.error(path, 'expected either cryptomb or qat');
    return;
  }
  const { pollDelay } = provider[kind] as { readonly pollDelay?: unknown };
  if (typeof pollDelay !== 'string' || (parseDurationMs(pollDelay) ?? 0) === 0) {
    report.error(`${path}.${kind}.pollDelay`, 'expected a duration above 0');
  }
}

function add(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.error(path, problem);
}
