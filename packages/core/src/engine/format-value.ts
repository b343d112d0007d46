import type { RequestFacts } from '../plan/facts.ts';
import type { FormatPlan, FormatSegment } from '../plan/format-plan.ts';
import type { DynamicMetadata } from '../plan/rbac-plan.ts';

/** Answers one operator of a format string; undefined = the value does not exist. */
export type FormatResolver = (name: string, argument: string | null) => string | undefined;

/** Fills a format string. Missing values become `missing` (`-` in access logs, `''` in headers). */
export function fillFormat(format: FormatPlan, resolve: FormatResolver, missing: string): string {
  if (format.literal !== null) return format.literal;
  let out = '';
  for (const segment of format.segments) out += segment.kind === 'literal' ? segment.text : fillSegment(segment, resolve, missing);
  return out;
}

/** Operators that a request alone can answer; others are undefined. Chain a proxy's own resolver behind it. */
export function requestResolver(facts: RequestFacts, metadata: DynamicMetadata | null = null): FormatResolver {
  return (name, argument) => (name === 'DYNAMIC_METADATA' ? metadataText(metadata, argument ?? '') : resolveRequest(facts, name, argument));
}

/** `filter:key:key`: texts as they stand, everything else as JSON; undefined when there is none. */
export function metadataText(metadata: DynamicMetadata | null, argument: string): string | undefined {
  const [filter = '', ...path] = argument.split(':');
  let value: unknown = metadata?.[filter];
  for (const key of path) value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function fillSegment(segment: Extract<FormatSegment, { kind: 'operator' }>, resolve: FormatResolver, missing: string): string {
  const value = resolve(segment.name, segment.argument) ?? missing;
  return segment.maxLength === null ? value : value.slice(0, segment.maxLength);
}

function resolveRequest(facts: RequestFacts, name: string, argument: string | null): string | undefined {
  const { connection } = facts;
  switch (name) {
    case 'REQ':
    case 'REQ_WITHOUT_QUERY':
      return requestHeader(facts, argument ?? '', name === 'REQ_WITHOUT_QUERY');
    case 'PROTOCOL':
      return facts.protocol;
    case 'PATH':
      return formatPath(facts.path, argument);
    case 'DOWNSTREAM_REMOTE_ADDRESS':
      return addressText(facts.remote.text, connection.sourcePort);
    case 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT':
      return facts.remote.text;
    case 'DOWNSTREAM_REMOTE_PORT':
      return String(connection.sourcePort);
    case 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS':
      return addressText(connection.directSource.text, connection.sourcePort);
    case 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT':
      return connection.directSource.text;
    case 'DOWNSTREAM_LOCAL_ADDRESS':
      return addressText(connection.destination.text, connection.destinationPort);
    case 'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT':
      return connection.destination.text;
    case 'DOWNSTREAM_LOCAL_PORT':
      return String(connection.destinationPort);
    case 'REQUESTED_SERVER_NAME':
      return connection.serverName || undefined;
    case 'START_TIME':
      return argument === null ? new Date(facts.startedAt).toISOString() : formatTime(facts.startedAt, argument);
    default:
      return resolveTls(facts, name);
  }
}

function resolveTls(facts: RequestFacts, name: string): string | undefined {
  const { connection } = facts;
  switch (name) {
    case 'DOWNSTREAM_TLS_VERSION':
      return connection.tlsVersion || undefined;
    case 'DOWNSTREAM_PEER_URI_SAN':
      return connection.peerCertificate?.uriSans.join(',') || undefined;
    case 'DOWNSTREAM_PEER_DNS_SAN':
      return connection.peerCertificate?.dnsSans.join(',') || undefined;
    case 'DOWNSTREAM_PEER_SUBJECT':
      return connection.peerCertificate?.subject || undefined;
    case 'DOWNSTREAM_PEER_ISSUER':
      return connection.peerCertificate?.issuer || undefined;
    case 'DOWNSTREAM_PEER_SERIAL':
      return connection.peerCertificate?.serial || undefined;
    case 'DOWNSTREAM_PEER_FINGERPRINT_256':
      return connection.peerCertificate?.sha256 || undefined;
    case 'DOWNSTREAM_LOCAL_URI_SAN':
      return connection.localCertificate?.uriSans.join(',') || undefined;
    case 'DOWNSTREAM_LOCAL_DNS_SAN':
      return connection.localCertificate?.dnsSans.join(',') || undefined;
    case 'DOWNSTREAM_LOCAL_SUBJECT':
      return connection.localCertificate?.subject || undefined;
    case 'CONNECTION_ID':
      return String(connection.connectionId);
    default:
      return undefined;
  }
}

/** `NAME?OTHER`: the first header if present, else the second. */
function requestHeader(facts: RequestFacts, argument: string, withoutQuery: boolean): string | undefined {
  const [first = '', second] = argument.split('?');
  const value = facts.header(first.toLowerCase()) ?? (second === undefined ? undefined : facts.header(second.toLowerCase()));
  return withoutQuery && value !== undefined ? value.split('?')[0] : value;
}

/** `%PATH(WQ|NQ:ORIG|PATH)%`. */
function formatPath(path: string, argument: string | null): string {
  return argument?.startsWith('NQ') ? (path.split('?')[0] ?? '') : path;
}

function addressText(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** The strftime subset that Envoy documents, with `%1f` … `%9f` for fractions and `%s` for seconds since 1970. */
export function formatTime(ms: number, format: string): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const fraction = String(Math.floor((ms % 1000) + 1000) % 1000).padStart(3, '0');
  return format.replace(/%(\d?)([A-Za-z%])/g, (found, digits: string, letter: string) => {
    switch (letter) {
      case 'Y':
        return String(date.getUTCFullYear());
      case 'm':
        return two(date.getUTCMonth() + 1);
      case 'd':
        return two(date.getUTCDate());
      case 'H':
        return two(date.getUTCHours());
      case 'M':
        return two(date.getUTCMinutes());
      case 'S':
        return two(date.getUTCSeconds());
      case 'F':
        return date.toISOString().slice(0, 10);
      case 'T':
        return date.toISOString().slice(11, 19);
      case 's':
        return String(Math.floor(ms / 1000));
      case 'f':
        return `${fraction}000000`.slice(0, Number(digits || 9));
      case 'z':
        return '+0000';
      case 'Z':
        return 'UTC';
      case '%':
        return '%';
      default:
        return found;
    }
  });
}
