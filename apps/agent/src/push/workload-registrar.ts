import type { ProxyNode } from '@weft/core/mesh/proxy-node';
import { registeredEntry } from '@weft/core/mesh/registered-workload';
import type { WorkloadGroup } from '@weft/core/resource/kinds';
import type { Resource } from '@weft/core/resource/resource';
import { builtInFile } from '../store/built-in.ts';

export interface WorkloadRegistrarOptions {
  /** Called when the entries are others than before. */
  readonly changed: () => void;
  /** How long the entry of a workload that went away stays, so that one that comes back is not missed. */
  readonly graceMs: number;
}

interface Present {
  readonly node: ProxyNode;
  readonly group: string;
  /** What the last health check came to: null before the first, `''` when healthy, else what is wrong. */
  readonly health: string | null;
  /** Runs when the workload is away. */
  readonly leaving: NodeJS.Timeout | null;
}

/** Workloads that register themselves: a proxy that names a WorkloadGroup of its namespace (`AUTO_REGISTER_GROUP`) is a WorkloadEntry while it is connected. */
export class WorkloadRegistrar {
  readonly #options: WorkloadRegistrarOptions;
  readonly #present = new Map<string, Present>();

  constructor(options: WorkloadRegistrarOptions) {
    this.#options = options;
  }

  /** The entries of the workloads whose groups there are. */
  entries(groups: readonly WorkloadGroup[]): readonly Resource[] {
    return [...this.#present.values()].flatMap(({ node, group: name, health }) => {
      const group = groups.find(({ ref }) => ref.namespace === node.namespace && ref.name === name);
      return (group && registeredEntry({ group, node, health }, builtInFile)) ?? [];
    });
  }

  connected(node: ProxyNode): void {
    const { AUTO_REGISTER_GROUP: group } = node.metadata;
    if (typeof group !== 'string' || group === '') return;
    const known = this.#present.get(node.id);
    if (known?.leaving) clearTimeout(known.leaving);
    this.#present.set(node.id, { node, group, health: known?.health ?? null, leaving: null });
    if (!known) this.#options.changed();
  }

  disconnected(node: ProxyNode): void {
    const known = this.#present.get(node.id);
    if (!known || known.leaving) return;
    const leaving = setTimeout(() => {
      this.#present.delete(node.id);
      this.#options.changed();
    }, this.#options.graceMs);
    leaving.unref();
    this.#present.set(node.id, { ...known, leaving });
  }

  /** What a workload says of its own health: null when it is well. */
  reported(node: ProxyNode, problem: string | null): void {
    const known = this.#present.get(node.id);
    const health = problem ?? '';
    if (!known || known.health === health) return;
    this.#present.set(node.id, { ...known, health });
    this.#options.changed();
  }

  stop(): void {
    for (const { leaving } of this.#present.values()) if (leaving) clearTimeout(leaving);
    this.#present.clear();
  }
}
