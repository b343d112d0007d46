import type { EnvoyExtAuthzGrpc, EnvoyExtAuthzHttp, ExtensionProvider } from '../extension-provider.ts';
import type { ServiceProvider } from '../service-provider.ts';
import { checkScopedHost } from './gateway.ts';
import { checkFqdn, checkIpAddress, checkPort } from './names.ts';
import type { Report } from './report.ts';
import { checkDuration } from './values.ts';

/** Providers are only used when something refers to them, so what is wrong with one is a warning. */
export function checkExtensionProviders(providers: readonly ExtensionProvider[], path: string, report: Report): void {
  const names = new Set<string>();
  for (const [index, provider] of providers.entries()) {
    const at = `${path}[${index}]`;
    const { name = '', ...kinds } = provider;
    if (name === '') report.warn(`${at}.name`, 'must not be empty');
    else if (names.has(name)) report.warn(`${at}.name`, `the provider "${name}" is defined twice`);
    names.add(name);
    const [kind, ...others] = Object.entries(kinds).filter(([, settings]) => settings != null);
    if (!kind || others.length > 0) report.warn(at, `expected exactly one kind of provider, found ${others.length + (kind ? 1 : 0)}`);
    else if (needsService.has(kind[0])) checkProviderService(kind[1] as ServiceProvider, `${at}.${kind[0]}`, report);
    for (const field of ['envoyExtAuthzHttp', 'envoyExtAuthzGrpc'] as const) checkAuthorizer(provider[field], `${at}.${field}`, report);
    checkOpenTelemetry(provider.opentelemetry, `${at}.opentelemetry`, report);
  }
}

const needsService: ReadonlySet<string> = new Set([
  'envoyExtAuthzHttp',
  'envoyExtAuthzGrpc',
  'zipkin',
  'lightstep',
  'datadog',
  'opencensus',
  'skywalking',
  'opentelemetry',
  'envoyHttpAls',
  'envoyTcpAls',
  'envoyOtelAls',
]);

function checkProviderService({ service = '', port }: ServiceProvider, path: string, report: Report): void {
  const problem = service.includes('/') ? checkScopedHost(service, 'sidecar') : checkFqdn(service);
  if (problem !== null && checkIpAddress(service) !== null) report.warn(`${path}.service`, problem);
  const portProblem = checkPort(port);
  if (portProblem !== null) report.warn(`${path}.port`, portProblem);
}

function checkAuthorizer(settings: (EnvoyExtAuthzHttp & EnvoyExtAuthzGrpc) | undefined, path: string, report: Report): void {
  if (!settings) return;
  const { statusOnError, pathPrefix, timeout } = settings;
  if (statusOnError && !/^[1-5]\d\d$/.test(statusOnError)) {
    report.warn(`${path}.statusOnError`, `expected an HTTP status, found "${statusOnError}"`);
  }
  if (pathPrefix && !pathPrefix.startsWith('/'))
    report.warn(`${path}.pathPrefix`, `expected a path that begins with /, found "${pathPrefix}"`);
  warnDuration(timeout, `${path}.timeout`, report);
}

function checkOpenTelemetry(settings: ExtensionProvider['opentelemetry'], path: string, report: Report): void {
  if (settings?.http && settings.grpc) report.warn(path, 'http and grpc exclude each other');
  if (settings?.http && !settings.http.path) report.warn(`${path}.http.path`, 'is required');
  for (const field of ['http', 'grpc'] as const) {
    const timeout = settings?.[field]?.timeout;
    if (typeof timeout === 'string') warnDuration(timeout, `${path}.${field}.timeout`, report);
  }
}

function warnDuration(text: string | undefined, path: string, report: Report): void {
  const problem = checkDuration(text);
  if (problem !== null) report.warn(path, problem);
}
