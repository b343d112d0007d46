import { parseDurationMs } from '../../base/durations.ts';
import type { VirtualServiceSpec } from '../kinds.ts';
import { checkPort } from './names.ts';
import type { Report } from './report.ts';
import { checkDuration, checkHeaderName, checkPercent, checkRegex } from './values.ts';

type HttpRoute = NonNullable<VirtualServiceSpec['http']>[number];

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', '*']);
const retryConditions = new Set([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'envoy-ratelimited',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);
/** The status codes that have a name in HTTP's registry. */
const statusCodes = new Set(
  [100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308]
    .concat([400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426])
    .concat([428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511]),
);
const grpcStatuses = new Set([
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]);
const bodyWarningBytes = 100 * 1024;
const maxBodyBytes = 1024 * 1024;

/** Checks a CORS policy. */
export function checkCors(cors: HttpRoute['corsPolicy'], path: string, report: Report): void {
  if (!cors) return;
  for (const [index, origin] of (cors.allowOrigins ?? []).entries()) {
    const at = `${path}.allowOrigins[${index}]`;
    if (!origin?.exact && !origin?.prefix && !origin?.regex) report.error(at, 'expected exact, prefix or regex with a value');
    else if (origin.regex) add(report, `${at}.regex`, checkRegex(origin.regex));
  }
  for (const [index, method] of (cors.allowMethods ?? []).entries()) {
    if (!methods.has(method)) report.error(`${path}.allowMethods[${index}]`, `"${method}" is no HTTP method that Istio knows`);
  }
  for (const field of ['allowHeaders', 'exposeHeaders'] as const) {
    for (const [index, name] of (cors[field] ?? []).entries()) {
      if (name !== '*') add(report, `${path}.${field}[${index}]`, checkHeaderName(name));
    }
  }
  add(report, `${path}.maxAge`, checkDuration(cors.maxAge));
  const ageMs = parseDurationMs(cors.maxAge ?? '');
  if (ageMs !== null && ageMs % 1000 !== 0) report.error(`${path}.maxAge`, `expected whole seconds, found "${cors.maxAge}"`);
}

/** Checks fault injection. */
export function checkFault(fault: HttpRoute['fault'], path: string, report: Report): void {
  if (!fault) return;
  const { abort, delay } = fault;
  if (!abort && !delay) report.error(path, 'expected abort or delay, found none');
  if (abort) {
    add(report, `${path}.abort.percentage.value`, checkPercent(abort.percentage?.value));
    if (abort.http2Error != null) report.error(`${path}.abort.http2Error`, 'is not supported, use httpStatus or grpcStatus');
    else if (abort.grpcStatus != null) {
      if (!grpcStatuses.has(abort.grpcStatus)) {
        report.error(`${path}.abort.grpcStatus`, `expected the name of a gRPC status such as NOT_FOUND, found "${abort.grpcStatus}"`);
      }
    } else if (abort.httpStatus != null) checkStatus(abort.httpStatus, `${path}.abort.httpStatus`, report);
    else report.warn(`${path}.abort`, 'no status is set, so no request is aborted');
  }
  if (delay) {
    add(report, `${path}.delay.percentage.value`, checkPercent(delay.percentage?.value));
    add(report, `${path}.delay.fixedDelay`, checkDuration(delay.fixedDelay));
    if (delay.exponentialDelay != null) report.error(`${path}.delay.exponentialDelay`, 'is not supported, use fixedDelay');
  }
}

/** Checks a redirect. */
export function checkRedirect(
  redirect: (NonNullable<HttpRoute['redirect']> & { readonly prefixRewrite?: string }) | undefined,
  path: string,
  report: Report,
): void {
  if (!redirect) return;
  const { uri, authority, port, derivePort, scheme, redirectCode, prefixRewrite } = redirect;
  if (!uri && !authority && port == null && derivePort == null && !scheme && !prefixRewrite) {
    report.error(path, 'expected at least one of uri, prefixRewrite, authority, scheme, port and derivePort');
  }
  if (uri && prefixRewrite) report.error(path, 'uri and prefixRewrite exclude each other');
  if (redirectCode && (redirectCode < 300 || redirectCode > 399)) {
    report.error(`${path}.redirectCode`, `expected a status from 300 to 399, found ${redirectCode}`);
  }
  if (scheme && scheme !== 'http' && scheme !== 'https') report.error(`${path}.scheme`, `expected http or https, found "${scheme}"`);
  if (port) add(report, `${path}.port`, checkPort(port));
}

/** Checks a direct response. */
export function checkDirectResponse(response: HttpRoute['directResponse'], path: string, report: Report): void {
  if (!response) return;
  const { string, bytes } = response.body ?? {};
  const size = string != null ? utf8Length(string) : bytes != null ? Math.floor((String(bytes).length * 3) / 4) : 0;
  if (size > maxBodyBytes) report.error(`${path}.body`, `expected at most 1 MiB, found ${size} bytes`);
  else if (size > bodyWarningBytes) report.warn(`${path}.body`, `a body of ${size} bytes is sent to every proxy; keep it below 100 KiB`);
  checkStatus(response.status ?? 0, `${path}.status`, report);
}

/** Checks a retry policy. */
export function checkRetries(retries: HttpRoute['retries'], path: string, report: Report): void {
  if (!retries) return;
  const attempts = retries.attempts ?? 0;
  if (attempts < 0) report.error(`${path}.attempts`, `expected at least 0, found ${attempts}`);
  if (attempts === 0 && (retries.perTryTimeout != null || retries.retryOn || retries.retryRemoteLocalities != null)) {
    report.error(path, 'a retry policy is configured, but attempts is 0, which switches retries off');
  }
  add(report, `${path}.perTryTimeout`, checkDuration(retries.perTryTimeout));
  add(report, `${path}.backoff`, checkDuration(retries.backoff));
  if (!retries.retryOn) return;
  for (const condition of retries.retryOn.split(',')) {
    if (!retryConditions.has(condition) && !(/^\d+$/.test(condition) && statusCodes.has(Number(condition)))) {
      report.error(`${path}.retryOn`, `"${condition}" is neither a retry condition nor a status code`);
    }
  }
}

/** Checks a rewrite. */
export function checkRewrite(rewrite: HttpRoute['rewrite'], path: string, report: Report): void {
  if (!rewrite) return;
  const regex = rewrite.uriRegexRewrite;
  if (rewrite.uri && regex) report.error(path, 'uri and uriRegexRewrite exclude each other');
  if (!rewrite.uri && !regex && !rewrite.authority) report.error(path, 'expected uri, uriRegexRewrite or authority');
  if (!regex) return;
  if (!regex.match || !regex.rewrite) report.error(`${path}.uriRegexRewrite`, 'expected match and rewrite');
  else add(report, `${path}.uriRegexRewrite.match`, checkRegex(regex.match));
}

function checkStatus(status: number, path: string, report: Report): void {
  if (status < 200 || status > 600) report.error(path, `expected an HTTP status from 200 to 599, found ${status}`);
}

function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return length;
}

function add(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.error(path, problem);
}
