import type { Socket } from 'node:net';
import type { RequestDecision } from '@weft/core/engine/decision';
import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { IpAddress } from '@weft/core/plan/ip-address';
import type { WeightedClusterPlan } from '@weft/core/plan/route-plan';
import type { Connection, ConnectionOpening } from '../io/connection.ts';
import { localAddress } from '../io/local-address.ts';
import type { Cluster } from '../upstream/cluster.ts';
import type { Host } from '../upstream/host.ts';
import type {
  BodyReceiver,
  ExchangeConnection,
  ExchangeSession,
  ExchangeSpan,
  ExchangeView,
  HttpContext,
  RequestBody,
  UpstreamWireBytes,
} from './exchange-view.ts';
import type { Headers } from './headers.ts';
import { grpcStatusOf } from './local-reply.ts';
import type { DownstreamStream, RequestHead } from './stream.ts';

/** What is known of a request and its response, filled in as they go: the facts that decisions read, and what logs and metrics tell. */
export abstract class ExchangeRecord implements ExchangeView {
  readonly context: HttpContext;
  readonly origin: ExchangeConnection;
  readonly head: RequestHead;
  readonly downstream: DownstreamStream;
  readonly startedAt: number;
  readonly startedMonotonic: number;
  readonly contentLength: number;
  readonly originalPath: string;
  readonly originalAuthority: string;
  remote: IpAddress;
  isInternal = false;
  requestId = '';
  requestBytes = 0;
  responseBytes = 0;
  responseStatus = 0;
  responseHeaders: Headers | null = null;
  responseTrailers: Headers | null = null;
  grpcStatus: number | null = null;
  flags = '';
  details = '';
  transportFailure = '';
  decision: RequestDecision | null = null;
  cluster: Cluster | null = null;
  host: Host | null = null;
  weighted: WeightedClusterPlan | null = null;
  attemptCount = 0;
  requestEndedAt = 0;
  responseStartedAt = 0;
  endedAt = 0;
  upstreamConnection: Connection | null = null;
  upstreamSentBefore = 0;
  upstreamReceivedBefore = 0;
  poolReadyMs: number | null = null;
  terminationDetails = '';
  upstreamProtocol = '';
  #reachedFirst: Host | null = null;
  #reachedLater: Host[] | null = null;
  downstreamPeer: object | null = null;
  upstreamPeer: object | null = null;
  expectsPeerMetadata = false;
  span: ExchangeSpan | null = null;
  stickyCookie: string | null = null;
  session: ExchangeSession | null = null;
  localReplyBody = '';
  messages: ExchangeView['messages'] = null;
  upstreamPrincipal = '';
  localPrincipal = '';
  /** The client's request is here to its last byte. */
  isRequestDone: boolean;
  /** The request's head announced a body, which may turn out empty. */
  readonly cameWithBody: boolean;
  /** The response head is on its way: what happens now can only break the response off. */
  hasSentHead = false;
  isDone = false;
  isUpgraded = false;
  isBrokenOff = false;

  constructor(context: HttpContext, origin: ExchangeConnection, downstream: DownstreamStream, head: RequestHead, end: boolean) {
    this.context = context;
    this.origin = origin;
    this.downstream = downstream;
    this.head = head;
    this.remote = origin.facts.source;
    this.originalPath = head.path;
    this.originalAuthority = head.authority;
    this.startedAt = context.wallClock();
    this.startedMonotonic = context.now();
    this.contentLength = end ? 0 : Number(head.headers.get('content-length') ?? -1);
    this.isRequestDone = end;
    this.cameWithBody = !end;
    if (end) this.requestEndedAt = this.startedMonotonic;
  }

  abstract addMirror(mirror: BodyReceiver): void;
  abstract bodyUpTo(maxBytes: number): Promise<RequestBody>;

  get connection(): ConnectionFacts {
    return this.origin.facts;
  }
  get method(): string {
    return this.head.method;
  }
  get path(): string {
    return this.head.path;
  }
  /** Whether the response made a tunnel of the connection. */
  get isTunnel(): boolean {
    return this.responseStatus === 101 || (this.head.method === 'CONNECT' && this.responseStatus >= 200 && this.responseStatus < 300);
  }
  get upgrade(): string | null {
    return this.head.method === 'CONNECT' ? 'CONNECT' : this.head.upgrade;
  }
  get authority(): string {
    return this.head.authority;
  }
  get scheme(): string {
    return this.head.scheme;
  }
  get protocol(): string {
    return this.downstream.protocol;
  }
  get upstreamSocket(): Socket | null {
    return this.upstreamConnection?.socket ?? null;
  }
  /** Streams of HTTP/2 share their connection: what each has of it is not known. */
  get upstreamWireBytes(): UpstreamWireBytes | null {
    const connection = this.upstreamConnection;
    if (connection === null) return noWireBytes;
    if (this.upstreamProtocol !== 'HTTP/1.1') return null;
    return { sent: connection.bytesWritten - this.upstreamSentBefore, received: connection.bytesRead - this.upstreamReceivedBefore };
  }
  get upstreamOpening(): ConnectionOpening | null {
    return this.upstreamConnection?.opening ?? null;
  }
  get upstreamLocalAddress(): string {
    return this.upstreamSocket === null ? '' : localAddress(this.upstreamSocket);
  }
  get loggedGrpcStatus(): number | null {
    if (!this.isGrpc) return null;
    return this.grpcStatus ?? (this.responseStatus === 0 ? null : grpcStatusOf(this.responseStatus));
  }
  get triedHosts(): readonly Host[] {
    return this.#reachedFirst === null ? [] : [this.#reachedFirst, ...(this.#reachedLater ?? [])];
  }
  get wireBytesReceived(): number {
    return this.downstream.wireBytesReceived;
  }
  get wireBytesSent(): number {
    return this.downstream.wireBytesSent;
  }

  header(name: string): string | undefined {
    if (name.charCodeAt(0) !== colon) return name === 'host' ? this.head.authority : this.head.headers.get(name);
    switch (name) {
      case ':method':
        return this.head.method;
      case ':path':
        return this.head.path === '' ? undefined : this.head.path;
      case ':authority':
        return this.head.authority;
      case ':scheme':
        return this.head.scheme;
      default:
        return undefined;
    }
  }

  headerValues(name: string): readonly string[] {
    const values: string[] = [];
    this.head.headers.each((field, value) => {
      if (field === name) values.push(value);
    });
    return values;
  }

  headers(): Readonly<Record<string, string>> {
    const { method, path, authority, scheme } = this.head;
    const all: Record<string, string> = { ':method': method, ':path': path, ':authority': authority, ':scheme': scheme };
    this.head.headers.each((name, value) => {
      all[name] = all[name] === undefined ? value : `${all[name]},${value}`;
    });
    return all;
  }

  get isGrpc(): boolean {
    const type = this.head.headers.get('content-type');
    return type?.startsWith('application/grpc') === true && (type.length === 16 || type[16] === '+' || type[16] === ';');
  }

  /** A try has its connection. */
  reached(host: Host): void {
    if (this.#reachedFirst === null) this.#reachedFirst = host;
    else {
      this.#reachedLater ??= [];
      this.#reachedLater.push(host);
    }
  }

  /** Adds a response flag once; `''` is none. */
  flag(flag: string): void {
    if (flag === '') return;
    const flags = this.flags;
    if (flags === '') this.flags = flag;
    else if (!flags.split(',').includes(flag)) this.flags = `${flags},${flag}`;
  }
}

const colon = 58;
const noWireBytes: UpstreamWireBytes = { sent: 0, received: 0 };
