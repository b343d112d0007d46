import { type Compiled, compile } from '@weft/core/compile/compile';
import type { Mesh } from '@weft/core/mesh/mesh';
import type { ProxyNode } from '@weft/core/mesh/proxy-node';
import { proxyView } from '@weft/core/mesh/proxy-view';
import type { Snapshot } from '@weft/core/snapshot/snapshot';
import type { Log } from '../log.ts';
import type { EncodedSnapshot } from '../xds/types.ts';
import { type GatewayPorts, LoopbackListeners } from './loopback-listeners.ts';
import type { ProxyConnection } from './proxy-connection.ts';
import type { ProxyRegistry } from './proxy-registry.ts';
import { proxySecrets } from './proxy-secrets.ts';
import { SnapshotEncoder } from './snapshot-encoder.ts';

/** A mesh to be pushed, with the revision it comes from. */
export interface PushedMesh {
  readonly revision: number;
  readonly mesh: Mesh;
}

export interface PusherOptions {
  readonly registry: ProxyRegistry;
  readonly log: Log;
  /** Whether proxies of this computer listen on loopback only. */
  readonly bindsToLoopback: boolean;
  /** Where gateways on loopback listen. */
  readonly gatewayPorts: GatewayPorts;
  /** Called with the milliseconds of every push: compile and encode for all proxies. */
  readonly onPush: (durationMs: number) => void;
  readonly now: () => number;
}

/** Snapshots kept for views that no connected proxy has any more. */
const maxSpareSnapshots = 64;

/** Brings every connected proxy to the newest mesh. Changes that come while one is being pushed are taken together. */
export class Pusher {
  private readonly options: PusherOptions;
  private readonly loopback: LoopbackListeners;
  private readonly encoder = new SnapshotEncoder();
  private readonly compiledByHash = new Map<string, Compiled>();
  private readonly lastByNode = new WeakMap<ProxyNode, Compiled>();
  private readonly sentHashes = new WeakMap<ProxyConnection, string>();
  private readonly secretsByConnection = new WeakMap<ProxyConnection, { readonly text: string; readonly secrets: Snapshot['secrets'] }>();
  private current: PushedMesh | null = null;
  private scheduled = false;

  constructor(options: PusherOptions) {
    this.options = options;
    this.loopback = new LoopbackListeners(options.gatewayPorts);
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
    return this.compiledFor(mesh, node).snapshot;
  }

  private compiledFor(mesh: Mesh, node: ProxyNode): Compiled {
    const view = proxyView(mesh, node);
    const known = this.compiledByHash.get(view.hash);
    const compiled = known ?? { view, snapshot: compile(view, this.lastByNode.get(node) ?? null) };
    // Moved to the end: the front is what was not used for longest.
    this.compiledByHash.delete(view.hash);
    this.compiledByHash.set(view.hash, compiled);
    return compiled;
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
      const compiled = this.compiledFor(mesh, connection.node);
      this.lastByNode.set(connection.node, compiled);
      const snapshot = this.options.bindsToLoopback ? this.loopback.apply(compiled.snapshot, connection.node) : compiled.snapshot;
      const secrets = [...snapshot.secrets, ...this.secretsFor(mesh, connection, compiled)];
      return this.encoder.encode({ ...snapshot, secrets }, revision);
    } catch (error) {
      // The proxy keeps what it has: a fault in compiling must not take its configuration away.
      this.options.log('error', `cannot make the configuration of ${connection.node.id}: ${(error as Error).stack ?? error}`);
      return null;
    }
  }

  /** The same secrets are the same objects, so that they are encoded once. */
  private secretsFor(mesh: Mesh, connection: ProxyConnection, { view }: Compiled): Snapshot['secrets'] {
    const secrets = proxySecrets(mesh, connection, view);
    const text = JSON.stringify(secrets);
    const known = this.secretsByConnection.get(connection);
    if (known?.text === text) return known.secrets;
    this.secretsByConnection.set(connection, { text, secrets });
    return secrets;
  }

  private forgetSnapshots(): void {
    const keep = this.options.registry.connections().length + maxSpareSnapshots;
    for (const hash of this.compiledByHash.keys()) {
      if (this.compiledByHash.size <= keep) return;
      this.compiledByHash.delete(hash);
    }
  }
}
