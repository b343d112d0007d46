import type { ListenerPlan } from '@weft/core/plan/listener-plan';
import type { Connection, ConnectionOwner } from '../io/connection.ts';
import type { ListenerStats } from '../telemetry/listener-stats.ts';
import { type ClientHello, inspectClientHello } from './client-hello.ts';
import { type ProxyHeader, parseProxyHeader } from './proxy-protocol.ts';

/** What the first bytes of a connection told. */
export interface FirstBytes {
  readonly hello: ClientHello | null;
  /** `http/1.0`, `http/1.1`, `h2c` or `''`, where the HTTP inspector ran. */
  readonly httpProtocol: string;
  readonly proxyHeader: ProxyHeader | null;
  /** Bytes read so far that the next stage must see first. */
  readonly bytes: Buffer;
  readonly timedOut: boolean;
}

const noBytes = Buffer.alloc(0);
const http2Preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Runs a listener's filters over the first bytes of a connection, waiting for more as long as the listener allows. */
export class Inspector implements ConnectionOwner {
  #connection: Connection;
  #plan: ListenerPlan;
  #done: (first: FirstBytes | null) => void;
  #bytes: Buffer = noBytes;
  #proxyHeader: ProxyHeader | null = null;
  #needsProxyHeader: boolean;
  #needsTls: boolean;
  #needsHttp: boolean;
  #timer: NodeJS.Timeout | null = null;
  #stats: ListenerStats;
  #isDone = false;

  /** `done` gets null when the connection is to be closed. */
  constructor(connection: Connection, plan: ListenerPlan, port: number, stats: ListenerStats, done: (first: FirstBytes | null) => void) {
    this.#stats = stats;
    this.#connection = connection;
    this.#plan = plan;
    this.#done = done;
    const has = (kind: string): boolean =>
      plan.listenerFilters.some((filter) => filter.kind === kind && filter.disabledPorts?.includes(port) !== true);
    this.#needsProxyHeader = has('proxyProtocol');
    this.#needsTls = has('tlsInspector');
    this.#needsHttp = has('httpInspector');
    connection.owner = this;
    if (plan.listenerFiltersTimeoutMs > 0) this.#timer = setTimeout(() => this.#onTimeout(), plan.listenerFiltersTimeoutMs);
  }

  /** Whether any filter needs the first bytes. */
  static isNeeded(plan: ListenerPlan): boolean {
    return plan.listenerFilters.some(({ kind }) => kind === 'proxyProtocol' || kind === 'tlsInspector' || kind === 'httpInspector');
  }

  onData(bytes: Buffer, length: number): void {
    if (this.#isDone) return;
    const fresh = bytes.subarray(0, length);
    this.#bytes = this.#bytes.length === 0 ? Buffer.from(fresh) : Buffer.concat([this.#bytes, fresh]);
    this.#inspect();
  }

  onEnd(): void {
    // Nothing more will come: what is there must do.
    if (this.#bytes.length === 0) {
      this.#stats.count('downstream_listener_filter_remote_close');
      this.#finish(null);
    } else this.#conclude(null, '', true);
  }

  onDrain(): void {}

  onClose(): void {
    if (!this.#isDone) this.#stats.count('downstream_listener_filter_remote_close');
    this.#finish(null);
  }

  #inspect(): void {
    if (this.#needsProxyHeader && !this.#readProxyHeader()) return;
    if (this.#needsTls) {
      const found = inspectClientHello(this.#bytes);
      if (found.kind === 'more') return;
      if (found.kind === 'tls') {
        this.#conclude(found.hello, '', false);
        return;
      }
    }
    const httpProtocol = this.#needsHttp ? inspectHttp(this.#bytes) : '';
    if (httpProtocol !== null) this.#conclude(null, httpProtocol, false);
  }

  #readProxyHeader(): boolean {
    const filter = this.#plan.listenerFilters.find((entry) => entry.kind === 'proxyProtocol');
    const parsed = parseProxyHeader(this.#bytes, filter?.kind === 'proxyProtocol' ? filter.disallowedVersions : []);
    if (parsed.kind === 'more') return false;
    if (parsed.kind === 'header') {
      this.#proxyHeader = parsed.header;
      this.#bytes = this.#bytes.subarray(parsed.length);
    } else if (parsed.kind === 'invalid' || filter?.kind !== 'proxyProtocol' || !filter.allowRequestsWithout) {
      this.#stats.count('downstream_listener_filter_error');
      this.#finish(null);
      return false;
    }
    this.#needsProxyHeader = false;
    return this.#bytes.length > 0 || !(this.#needsTls || this.#needsHttp);
  }

  #onTimeout(): void {
    this.#stats.count('downstream_pre_cx_timeout');
    if (this.#plan.continueOnListenerFiltersTimeout) this.#conclude(null, '', true);
    else this.#finish(null);
  }

  #conclude(hello: ClientHello | null, httpProtocol: string, timedOut: boolean): void {
    this.#finish({ hello, httpProtocol, proxyHeader: this.#proxyHeader, bytes: this.#bytes, timedOut });
  }

  #finish(first: FirstBytes | null): void {
    if (this.#isDone) return;
    this.#isDone = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (first === null && this.#connection.isOpen) this.#connection.destroy();
    this.#done(first);
  }
}

/** Null while undecided; `''` when it is not HTTP. */
export function inspectHttp(bytes: Buffer): string | null {
  const text = bytes.latin1Slice(0, Math.min(bytes.length, 8192));
  if (text.length < http2Preface.length && http2Preface.startsWith(text)) return null;
  if (text.startsWith(http2Preface)) return 'h2c';
  const lineEnd = text.indexOf('\n');
  if (lineEnd < 0) return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,40}( [^\s]*( [HTP/1.0-9\r]*)?)?$/.test(text) && text.length < 8192 ? null : '';
  const match = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ \S+ HTTP\/1\.([01])\r?$/.exec(text.slice(0, lineEnd));
  return match === null ? '' : `http/1.${match[1]}`;
}
