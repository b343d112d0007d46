import { pushOrder } from '@weft/core/xds/type-urls';
import type { XdsKind } from '../api/types.ts';
import { Subscription } from './subscription.ts';
import type { EncodedResource, EncodedSnapshot, EncodedType } from './types.ts';

/** A request of either protocol, as far as both share it. */
export interface StreamRequest {
  readonly kind: XdsKind;
  readonly nonce: string;
  /** Set when the client refuses what it was sent with `nonce`. */
  readonly error: string | null;
  /** State of the world: all names wanted. */
  readonly names: readonly string[];
  /** Delta only. */
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly initialVersions: Readonly<Record<string, string>>;
}

/** A response for either protocol; state of the world has no place for `removed`. */
export interface StreamResponse {
  readonly kind: XdsKind;
  readonly version: string;
  readonly nonce: string;
  readonly resources: readonly EncodedResource[];
  readonly removed: readonly string[];
}

/** What a stream tells about its progress. */
export interface StreamEvents {
  send(response: StreamResponse): void;
  onAck?(kind: XdsKind): void;
  onNack?(kind: XdsKind, version: string, message: string): void;
}

export type StreamMode = 'sotw' | 'delta';

interface TypeState {
  readonly subscription: Subscription;
  nonce: string;
  /** The response that waits for its ACK. */
  pending: Pending | null;
  /** Names to be sent even if the client has them. */
  readonly forced: Set<string>;
  /** The next request is answered though nothing changed: the client waits for it to finish a cluster or listener. */
  mustAnswer: boolean;
  sentVersion: string;
  isRefused: boolean;
}

interface Pending {
  readonly version: string;
  readonly before: ReadonlyMap<string, string | undefined>;
  readonly sentAt: number;
}

const wildcardKinds: ReadonlySet<XdsKind> = new Set(['cds', 'lds']);

/** After this long without an ACK later types no longer wait for an earlier one, and after clusters alone no listener is expected any more. */
const gateTimeoutMs = 5_000;

/**
 * The protocol of one ADS stream, without its transport (https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol). A new snapshot goes out type by
 * type in push order, each after the earlier ones are acknowledged; clusters that go away stay until the routes no longer name them; there is never
 * more than one unacknowledged response of a type.
 */
export class AdsStream {
  private readonly mode: StreamMode;
  private readonly events: StreamEvents;
  private readonly now: () => number;
  private readonly states = new Map<XdsKind, TypeState>();
  private target: EncodedSnapshot | null = null;
  /** Clusters of the last snapshot that this one lacks, kept until listeners and routes are acknowledged. */
  private lingering: ReadonlyMap<string, EncodedResource> = new Map();
  private nonces = 0;
  private firstAskedAt: number | null = null;

  constructor(mode: StreamMode, events: StreamEvents, now: () => number) {
    this.mode = mode;
    this.events = events;
    this.now = now;
  }

  get hasTarget(): boolean {
    return this.target !== null;
  }

  /** Whether a response of the type is out that is not acknowledged. */
  isPending(kind: XdsKind): boolean {
    return this.states.get(kind)?.pending != null;
  }

  /** How far the type is: the version the client accepted last against what it should have. */
  stateOf(kind: XdsKind): 'SYNCED' | 'STALE' | 'NACK' | 'NOT_SENT' {
    const state = this.states.get(kind);
    if (!state || state.nonce === '') return 'NOT_SENT';
    if (state.isRefused) return 'NACK';
    return state.pending || this.isBehind(kind, state) ? 'STALE' : 'SYNCED';
  }

  /** Whether everything of the target that the client asks for is acknowledged (or refused). */
  get isSettled(): boolean {
    if (!this.target || this.lingering.size > 0 || this.isStarting) return false;
    for (const [kind, state] of this.states) if (state.pending || this.isBehind(kind, state)) return false;
    return true;
  }

  /** Whether the client has yet to ask for what follows: nothing was asked for at all, or clusters, after which listeners and routes come. */
  private get isStarting(): boolean {
    if (this.firstAskedAt === null) return true;
    const isOnlyAtClusters = this.states.has('cds') && !this.states.has('lds') && !this.states.has('rds');
    return isOnlyAtClusters && this.now() - this.firstAskedAt < gateTimeoutMs;
  }

  /** Gives the client a new snapshot to go to. */
  setTarget(target: EncodedSnapshot): void {
    const previous = this.target;
    this.target = target;
    // What was refused together is tried again together once anything of the type has changed.
    for (const [kind, state] of this.states) if (target.types[kind].version !== state.sentVersion) state.subscription.refused.clear();
    if (previous && this.states.has('cds')) this.lingering = this.linger(previous, target);
    this.flush();
  }

  /** Takes a request and answers what can be answered now. */
  request(request: StreamRequest): void {
    this.firstAskedAt ??= this.now();
    const existing = this.states.get(request.kind);
    const state = existing ?? this.open(request.kind);
    const isStale = request.nonce !== '' && existing !== undefined && request.nonce !== state.nonce;
    // State of the world: the names of a stale request are old too. Delta: each change of subscription is said only once.
    if (isStale && this.mode === 'sotw') return;
    if (request.nonce !== '' && existing && !isStale) this.settle(request, state);
    const wanted = this.subscribe(request, state, !existing);
    const isFresh = !existing || (this.mode === 'sotw' && request.nonce === '');
    if (this.mode === 'sotw' && request.error === null && (isFresh || (state.mustAnswer && wanted.length === 0))) {
      state.mustAnswer = false;
      this.forceAll(request.kind, state);
      if (this.target && !state.pending) this.send(request.kind, state);
    } else if (wanted.length > 0) {
      for (const name of wanted) state.forced.add(name);
      if (this.target && !state.pending) this.send(request.kind, state);
    } else if (!existing && this.target) {
      this.send(request.kind, state);
    }
    this.flush();
  }

  /** Sends what is due; called again by a timer in case an ACK never comes. */
  flush(): void {
    if (!this.target) return;
    for (const kind of pushOrder) {
      const state = this.states.get(kind);
      if (!state) continue;
      if (!state.pending && this.isBehind(kind, state)) this.send(kind, state);
      if (state.pending && this.now() - state.pending.sentAt < gateTimeoutMs) return;
    }
    if (this.lingering.size > 0) {
      this.lingering = new Map();
      this.flush();
    }
  }

  private open(kind: XdsKind): TypeState {
    const state: TypeState = {
      subscription: new Subscription(),
      nonce: '',
      pending: null,
      forced: new Set(),
      mustAnswer: false,
      sentVersion: '',
      isRefused: false,
    };
    this.states.set(kind, state);
    return state;
  }

  private settle(request: StreamRequest, state: TypeState): void {
    const { pending } = state;
    state.pending = null;
    if (!pending) return;
    if (request.error === null) {
      state.isRefused = false;
      this.events.onAck?.(request.kind);
      return;
    }
    const { known, refused } = state.subscription;
    for (const [name, version] of pending.before) {
      const sent = known.get(name);
      if (sent !== undefined && sent !== version) refused.set(name, sent);
      if (version === undefined) known.delete(name);
      else known.set(name, version);
    }
    state.isRefused = true;
    this.events.onNack?.(request.kind, pending.version, request.error);
  }

  /** Takes over the names asked for; gives those that must be sent. */
  private subscribe(request: StreamRequest, state: TypeState, isFirst: boolean): readonly string[] {
    const allowsWildcard = wildcardKinds.has(request.kind);
    if (this.mode === 'sotw') return state.subscription.setNames(request.names, allowsWildcard);
    if (isFirst) for (const [name, version] of Object.entries(request.initialVersions)) state.subscription.known.set(name, version);
    const subscribed = state.subscription.change(request.subscribe, request.unsubscribe, isFirst, allowsWildcard);
    return isFirst ? subscribed.filter((name) => !state.subscription.known.has(name)) : subscribed;
  }

  private forceAll(kind: XdsKind, state: TypeState): void {
    for (const name of this.resourcesOf(kind).keys()) if (state.subscription.wants(name)) state.forced.add(name);
  }

  private isBehind(kind: XdsKind, state: TypeState): boolean {
    const isUnanswered = state.nonce === '' && state.subscription.isWildcard;
    return isUnanswered || this.changed(kind, state).length > 0 || this.removed(kind, state).length > 0;
  }

  /** Resources the client wants and does not have in this version; refused versions do not count. */
  private changed(kind: XdsKind, { subscription, forced }: TypeState): readonly EncodedResource[] {
    const list: EncodedResource[] = [];
    const resources = this.resourcesOf(kind);
    const consider = (resource: EncodedResource | undefined): void => {
      if (!resource) return;
      const isNew =
        subscription.known.get(resource.name) !== resource.version && subscription.refused.get(resource.name) !== resource.version;
      if (isNew || forced.has(resource.name)) list.push(resource);
    };
    if (subscription.isWildcard) for (const resource of resources.values()) consider(resource);
    else for (const name of subscription.names) consider(resources.get(name));
    return list;
  }

  /** Names the client has (or just asked for) that do not exist. */
  private removed(kind: XdsKind, { subscription, forced }: TypeState): readonly string[] {
    const resources = this.resourcesOf(kind);
    const gone = [...subscription.known.keys()].filter((name) => !resources.has(name));
    for (const name of forced) if (!resources.has(name) && !subscription.known.has(name)) gone.push(name);
    return gone;
  }

  private send(kind: XdsKind, state: TypeState): void {
    const { subscription } = state;
    const changed = this.changed(kind, state);
    const removed = this.removed(kind, state);
    const isFullState = this.mode === 'sotw' && wildcardKinds.has(kind);
    const resources = isFullState ? this.wanted(kind, subscription) : changed;
    state.forced.clear();
    if (this.mode === 'sotw' && !isFullState && resources.length === 0) {
      for (const name of removed) subscription.known.delete(name);
      return;
    }
    const before = new Map<string, string | undefined>();
    for (const { name, version } of resources) {
      before.set(name, subscription.known.get(name));
      subscription.known.set(name, version);
    }
    for (const name of removed) subscription.known.delete(name);
    state.nonce = `${kind}-${++this.nonces}`;
    state.sentVersion = this.versionOf(kind);
    state.pending = { version: state.sentVersion, before, sentAt: this.now() };
    state.mustAnswer = false;
    this.expectFollowUp(kind, changed);
    this.events.send({ kind, version: state.sentVersion, nonce: state.nonce, resources, removed });
  }

  /** A client that takes a changed cluster waits until it is sent the cluster's endpoints, changed or not; the same for listeners and routes. */
  private expectFollowUp(kind: XdsKind, changed: readonly EncodedResource[]): void {
    const follower = kind === 'cds' ? this.states.get('eds') : kind === 'lds' ? this.states.get('rds') : undefined;
    if (!follower) return;
    if (this.mode === 'sotw') follower.mustAnswer = true;
    if (kind === 'cds') {
      for (const { endpointsName } of changed) {
        if (endpointsName !== undefined && follower.subscription.wants(endpointsName)) follower.forced.add(endpointsName);
      }
    }
  }

  private wanted(kind: XdsKind, subscription: Subscription): readonly EncodedResource[] {
    return [...this.resourcesOf(kind).values()].filter(({ name }) => subscription.wants(name));
  }

  private resourcesOf(kind: XdsKind): ReadonlyMap<string, EncodedResource> {
    const own = this.typeOf(kind)?.resources ?? new Map<string, EncodedResource>();
    const kept = kind === 'cds' && this.lingering.size > 0;
    return kept ? new Map([...own, ...this.lingering]) : own;
  }

  private versionOf(kind: XdsKind): string {
    const version = this.typeOf(kind)?.version ?? '';
    return kind === 'cds' && this.lingering.size > 0 ? `${version}+` : version;
  }

  private typeOf(kind: XdsKind): EncodedType | undefined {
    return this.target?.types[kind];
  }

  private linger(previous: EncodedSnapshot, target: EncodedSnapshot): ReadonlyMap<string, EncodedResource> {
    const gone = new Map<string, EncodedResource>();
    for (const from of [this.lingering, previous.types.cds.resources]) {
      for (const [name, resource] of from) if (!target.types.cds.resources.has(name)) gone.set(name, resource);
    }
    return gone;
  }
}
