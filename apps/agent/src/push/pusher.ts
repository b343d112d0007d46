import type { Mesh } from '@weft/core/mesh/mesh';
import type { ProxyNode } from '@weft/core/mesh/proxy-node';
import type { Snapshot } from '@weft/core/snapshot/snapshot';
import type { Log } from '../log.ts';
import type { EncodedSnapshot } from '../xds/types.ts';
import type { ProxyConnection } from './proxy-connection.ts';
import type { ProxyRegistry } from './proxy-registry.ts';
import { SnapshotEncoder } from './snapshot-encoder.ts';

/** A mesh to be pushed, with the revision it comes from. */
export interface PushedMesh {
  readonly revision: number;
  readonly mesh: Mesh;
}

/** The pure steps from a mesh to what one proxy needs. */
export interface SnapshotMaker {
  view(mesh: Mesh, node: ProxyNode): { readonly hash: string };
  compile(view: { readonly hash: string }): Snapshot;
  /** Secrets come last: they depend on who asks, not on the view. */
  secrets(mesh: Mesh, connection: ProxyConnection): Snapshot['secrets'];
}

export interface PusherOptions {
  readonly registry: ProxyRegistry;
  readonly maker: SnapshotMaker;
  readonly log: Log;
  /** Called with the milliseconds of every push: compile and encode for all proxies. */
  readonly onPush: (durationMs: number) => void;
  readonly now: () => number;
}

/** Snapshots kept for views that no connected proxy has any more. */
const maxSpareSnapshots = 64;

/** Brings every connected proxy to the newest mesh. Changes that come while one is being pushed are taken together. */
export class Pusher {
  private readonly options: PusherOptions;
  private readonly encoder = new SnapshotEncoder();
  private readonly snapshotByHash = new Map<string, Snapshot>();
  private readonly sentHashes = new WeakMap<ProxyConnection, string>();
  private current: PushedMesh | null = null;
  private scheduled = false;

  constructor(options: PusherOptions) {
    this.options = options;
  }

  /** Makes `pushed` the mesh that all proxies are to have. */
  push(pushed: PushedMesh): void {
    this.current = pushed;
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.pushAll());
  }

  /** Sends a proxy that has just connected what it needs. */
  welcome(connection: ProxyConnection): void {
    if (this.current) this.pushOne(connection, this.current);
  }

  /** The snapshot a node would be sent now. */
  snapshotOf(mesh: Mesh, node: ProxyNode): Snapshot {
    const view = this.options.maker.view(mesh, node);
    const known = this.snapshotByHash.get(view.hash);
    if (known) {
      this.snapshotByHash.delete(view.hash);
      this.snapshotByHash.set(view.hash, known);
      return known;
    }
    const snapshot = this.options.maker.compile(view);
    this.snapshotByHash.set(view.hash, snapshot);
    return snapshot;
  }

  private async pushAll(): Promise<void> {
    const pushed = this.current;
    this.scheduled = false;
    if (!pushed) return;
    const startedAt = this.options.now();
    for (const connection of this.options.registry.connections()) {
      if (this.current !== pushed) return;
      this.pushOne(connection, pushed);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.forgetSnapshots();
    this.options.onPush(this.options.now() - startedAt);
  }

  private pushOne(connection: ProxyConnection, { mesh, revision }: PushedMesh): void {
    const encoded = this.encodedFor(connection, mesh, revision);
    if (!encoded) return;
    const { registry } = this.options;
    const hash = Object.values(encoded.types)
      .map(({ version }) => version)
      .join();
    if (this.sentHashes.get(connection) === hash) {
      registry.unchanged(connection, revision);
      return;
    }
    this.sentHashes.set(connection, hash);
    registry.sent(connection, revision);
    connection.stream.setTarget(encoded);
    registry.acknowledged(connection);
  }

  private encodedFor(connection: ProxyConnection, mesh: Mesh, revision: number): EncodedSnapshot | null {
    try {
      const snapshot = this.snapshotOf(mesh, connection.node);
      const secrets = [...snapshot.secrets, ...this.options.maker.secrets(mesh, connection)];
      return this.encoder.encode({ ...snapshot, secrets }, revision);
    } catch (error) {
      // The proxy keeps what it has: a fault in compiling must not take its configuration away.
      this.options.log('error', `cannot make the configuration of ${connection.node.id}: ${(error as Error).stack ?? error}`);
      return null;
    }
  }

  private forgetSnapshots(): void {
    const keep = this.options.registry.connections().length + maxSpareSnapshots;
    for (const hash of this.snapshotByHash.keys()) {
      if (this.snapshotByHash.size <= keep) return;
      this.snapshotByHash.delete(hash);
    }
  }
}
