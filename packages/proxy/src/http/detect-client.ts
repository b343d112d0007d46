import type { ConnectionFacts } from '@weft/core/plan/facts';
import { type IpAddress, type IpRange, isInRange, parseIpAddress } from '@weft/core/plan/ip-address';
import type { IpDetectionPlan } from '@weft/core/plan/ip-detection-plan';
import type { Headers } from './headers.ts';

/** What the ways to find a client came to. */
export interface DetectedClient {
  /** Null where none found an address. */
  readonly address: IpAddress | null;
  /** Whether the address may make the request internal. */
  readonly isTrusted: boolean;
  /** Whether the connection's peer is to be added to X-Forwarded-For. */
  readonly appends: boolean;
  /** Status to turn the request away with; null to go on. */
  readonly rejectStatus: number | null;
}

/** Asks each way in turn until one finds an address or turns the request away. */
export function detectClient(detections: readonly IpDetectionPlan[], headers: Headers, connection: ConnectionFacts): DetectedClient {
  let appends = false;
  for (const detection of detections) {
    const found = detect(detection, headers, connection);
    if (found.address !== null || found.rejectStatus !== null) return found;
    appends ||= found.appends;
  }
  return appends ? nobodyListed : nobody;
}

const nobody: DetectedClient = { address: null, isTrusted: false, appends: false, rejectStatus: null };
const nobodyListed: DetectedClient = { ...nobody, appends: true };

/** The addresses of X-Forwarded-For, from the client to the last hop. */
export function splitForwardedFor(value: string | undefined): string[] {
  return value === undefined || value === '' ? [] : value.split(',').map((part) => part.trim());
}

function detect(detection: IpDetectionPlan, headers: Headers, connection: ConnectionFacts): DetectedClient {
  if (detection.kind === 'header') {
    const { name, isTrusted, rejectStatus } = detection;
    const address = parseIpAddress(firstValue(headers, name));
    return address === null ? { ...nobody, rejectStatus } : { address, isTrusted, appends: false, rejectStatus: null };
  }
  const addresses = splitForwardedFor(headers.get('x-forwarded-for'));
  if (detection.kind === 'hops') return client(addresses, addresses.length - 1 - detection.hops, detection.appends);
  // As Envoy: a peer outside of the ranges always joins the list.
  if (!isTrustedAddress(connection.source, detection.trusted)) return nobodyListed;
  return client(addresses, lastUntrusted(addresses, detection.trusted), detection.appends);
}

/** The first of the values that a header was sent with, as it came. */
function firstValue(headers: Headers, name: string): string {
  let first: string | null = null;
  headers.each((field, value) => {
    if (field === name) first ??= value;
  });
  return first ?? '';
}

function client(addresses: readonly string[], index: number, appends: boolean): DetectedClient {
  const address = parseIpAddress(addresses[index] ?? '');
  if (address === null) return appends ? nobodyListed : nobody;
  return { address, isTrusted: addresses.length === 1, appends, rejectStatus: null };
}

/** Position of the last address outside the trusted ranges; the first address where all are within, -1 at one that is none. */
function lastUntrusted(addresses: readonly string[], trusted: readonly IpRange[]): number {
  for (let i = addresses.length - 1; i >= 0; i--) {
    const address = parseIpAddress(addresses[i] ?? '');
    if (address === null) return -1;
    if (!isTrustedAddress(address, trusted)) return i;
  }
  return 0;
}

function isTrustedAddress(address: IpAddress, trusted: readonly IpRange[]): boolean {
  return trusted.some((range) => isInRange(address, range));
}
