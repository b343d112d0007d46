import type { XdsKind } from '../api/types.ts';
import type { ProxyConnection, ProxyRecord } from './proxy-connection.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export type RegistryEvent =
  | { readonly change: 'connected' | 'disconnected' | 'synced'; readonly proxy: string }
  | { readonly change: 'nack'; readonly proxy: string; readonly message: string };

/** How long a proxy that went away is still listed. */
const forgetAfterMs = 10 * 60_000;

/** Every proxy that is connected or was lately, with how far it got. */
export class ProxyRegistry {
  private readonly records = new Map<string, Mutable<ProxyRecord>>();
  private readonly listeners = new Set<(event: RegistryEvent) => void>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  subscribe(listener: (event: RegistryEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Sorted by namespace and name. */
  list(): readonly ProxyRecord[] {
    for (const [id, { disconnectedAt }] of this.records) {
      if (disconnectedAt !== null && this.now() - disconnectedAt > forgetAfterMs) this.records.delete(id);
    }
    return [...this.records.values()].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  }

  connections(): readonly ProxyConnection[] {
    return [...this.records.values()].flatMap(({ connection }) => connection ?? []);
  }

  /** A proxy that is still listed as connected under the same id is replaced: it came back before its old connection was seen to end. */
  connect(connection: ProxyConnection): void {
    const { id } = connection.node;
    const before = this.records.get(id);
    before?.connection?.close();
    this.records.set(id, {
      node: connection.node,
      userAgent: connection.userAgent,
      connectedAt: connection.connectedAt,
      disconnectedAt: null,
      connection,
      lastNack: before?.lastNack ?? null,
      lastPushMs: before?.lastPushMs ?? null,
      sentRevision: null,
      sentAt: null,
      ackedRevision: null,
      ackedAt: null,
      refused: new Set(),
    });
    this.emit({ change: 'connected', proxy: id });
  }

  disconnect(connection: ProxyConnection): void {
    const record = this.recordOf(connection);
    if (!record) return;
    record.connection = null;
    record.disconnectedAt = this.now();
    this.emit({ change: 'disconnected', proxy: connection.node.id });
  }

  /** A snapshot is on its way to the proxy. */
  sent(connection: ProxyConnection, revision: number): void {
    const record = this.recordOf(connection);
    if (!record) return;
    record.sentRevision = revision;
    record.sentAt = this.now();
    record.refused = new Set();
  }

  /** A revision that changes nothing for the proxy: it has it already. */
  unchanged(connection: ProxyConnection, revision: number): void {
    const record = this.recordOf(connection);
    if (!record) return;
    const wasSettled = record.ackedRevision === record.sentRevision;
    record.sentRevision = revision;
    if (wasSettled) record.ackedRevision = revision;
  }

  acknowledged(connection: ProxyConnection): void {
    const record = this.recordOf(connection);
    if (!record || !connection.stream.isSettled || record.ackedRevision === record.sentRevision) return;
    record.ackedRevision = record.sentRevision;
    record.ackedAt = this.now();
    record.lastPushMs = record.sentAt === null ? null : this.now() - record.sentAt;
    this.emit({ change: 'synced', proxy: connection.node.id });
  }

  refused(connection: ProxyConnection, type: XdsKind, nack: { readonly version: string; readonly message: string }): void {
    const record = this.recordOf(connection);
    if (!record) return;
    record.lastNack = { type, at: this.now(), ...nack };
    record.refused = new Set([...record.refused, type]);
    this.emit({ change: 'nack', proxy: connection.node.id, message: `${type}: ${nack.message}` });
    this.acknowledged(connection);
  }

  private recordOf(connection: ProxyConnection): Mutable<ProxyRecord> | undefined {
    const record = this.records.get(connection.node.id);
    return record?.connection === connection ? record : undefined;
  }

  private emit(event: RegistryEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

const sortKey = ({ node }: ProxyRecord): string => `${node.namespace}/${node.name}/${node.id}`;
