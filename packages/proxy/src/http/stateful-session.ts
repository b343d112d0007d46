import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ForwardDecision } from '@weft/core/engine/decision';
import { cookieValue } from '@weft/core/engine/jwt-tokens';
import { upgradeFilters } from '@weft/core/engine/upgrade-filters';
import type { SessionStatePlan, StatefulSessionPlan } from '@weft/core/plan/session-plan';
import type { Host } from '../upstream/host.ts';
import type { HostOverride } from '../upstream/host-choice.ts';
import type { ExchangeSession, ExchangeView } from './exchange-view.ts';
import type { Headers } from './headers.ts';

/** The host that a request names, and the words that name the one it got. */
class SessionState implements ExchangeSession {
  readonly override: HostOverride | null;
  readonly #state: SessionStatePlan;

  constructor(state: SessionStatePlan, override: HostOverride | null) {
    this.#state = state;
    this.override = override;
  }

  tell({ address }: Host, headers: Headers, nowMs: number): void {
    if (address === this.override?.address) return;
    if (this.#state.kind === 'header') {
      headers.set(this.#state.name, Buffer.from(address).toString('base64'));
      return;
    }
    const { name, path, ttlSeconds } = this.#state;
    const value = encodeCookie(address, ttlSeconds === 0 ? 0 : Math.floor(nowMs / 1000) + ttlSeconds);
    const age = ttlSeconds === 0 ? '' : `; Max-Age=${ttlSeconds}`;
    headers.add('set-cookie', `${name}="${value}"${age}${path === '' ? '' : `; Path=${path}`}; HttpOnly`);
  }
}

/** The session of a request; null where it has none. */
export function sessionOf(exchange: ExchangeView, decision: ForwardDecision): ExchangeSession | null {
  const plan = sessionPlan(exchange, decision);
  if (plan === null || plan.state === null) return null;
  const { state, isStrict } = plan;
  if (state.kind === 'cookie' && !isOnPath(exchange.originalPath, state.path)) return null;
  const address = state.kind === 'cookie' ? addressInCookie(exchange, state.name) : addressInHeader(exchange, state.name);
  return new SessionState(state, address === '' ? null : { address, isStrict });
}

/** The filter's configuration, or what the route has in its place. */
function sessionPlan(exchange: ExchangeView, { route, action }: ForwardDecision): StatefulSessionPlan | null {
  const { manager } = exchange.origin;
  const filters = exchange.upgrade === null ? manager : (upgradeFilters(manager, route, exchange.upgrade) ?? manager);
  const filter = filters.sessionFilter;
  if (filter === null || filter.config.kind !== 'statefulSession') return null;
  const ofCluster = action.hasClusterConfigs ? exchange.weighted?.filterConfigs : undefined;
  const override = (ofCluster ?? route.filterConfigs).get(filter.name);
  if (override === undefined) return filter.disabled ? null : filter.config.session;
  if (override.kind === 'disabled') return null;
  return override.kind === 'statefulSession' ? override.session : filter.config.session;
}

/** A path that ends in a slash is a beginning; another has to end where a segment does. */
function isOnPath(path: string, wanted: string): boolean {
  if (wanted === '' || wanted === '/') return true;
  if (!path.startsWith(wanted)) return false;
  return wanted.endsWith('/') || path.length === wanted.length || '/?#'.includes(path.charAt(wanted.length));
}

function addressInHeader(exchange: ExchangeView, name: string): string {
  return decodeBase64(exchange.header(name) ?? '').toString();
}

function addressInCookie(exchange: ExchangeView, name: string): string {
  const bytes = decodeBase64(cookieValue(exchange.headerValues('cookie').join(';'), name) ?? '');
  const cookie = decodeCookie(bytes);
  // Cookies of old hold the address alone.
  if (cookie === null) return bytes.toString();
  return cookie.expiresAt !== 0 && exchange.context.wallClock() / 1000 > cookie.expiresAt ? '' : cookie.address;
}

/** Text that is no base64 holds nothing. */
function decodeBase64(text: string): Buffer {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? Buffer.from(text, 'base64') : noBytes;
}

const noBytes = Buffer.alloc(0);
const addressField = 1;
const expiresField = 2;

/** Envoy's message `Cookie`: the address, and when it is over in seconds since 1970 (0 = never). */
function encodeCookie(address: string, expiresAt: number): string {
  const writer = new BinaryWriter().tag(addressField, WireType.LengthDelimited).string(address);
  if (expiresAt !== 0) writer.tag(expiresField, WireType.Varint).uint64(expiresAt);
  return Buffer.from(writer.finish()).toString('base64');
}

function decodeCookie(bytes: Buffer): { readonly address: string; readonly expiresAt: number } | null {
  let address = '';
  let expiresAt = 0;
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, wire] = reader.tag();
      if (field === addressField && wire === WireType.LengthDelimited) address = reader.string();
      else if (field === expiresField && wire === WireType.Varint) expiresAt = Number(reader.uint64());
      else reader.skip(wire, field);
    }
  } catch {
    return null;
  }
  return { address, expiresAt };
}
