import type { SharedTable } from '../io/shared-table.ts';
import { createTally, type Tally } from '../io/tally.ts';
import type { Bootstrap } from '../xds/bootstrap.ts';
import { staticRuntime } from '../xds/static-runtime.ts';

const globalKey = 'overload.global_downstream_max_connections';
const listenerKey = /^envoy\.resource_limits\.listener\.(.+)\.connection_limit$/;
const monitorType = 'envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig';

interface Limit {
  readonly max: number;
  readonly active: Tally;
}

/**
 * How many connections the bootstrap allows the process, by its overload manager or its static runtime layers: in all, and for single
 * listeners.
 */
export class ConnectionLimits {
  readonly #global: Limit | null;
  readonly #byListener: ReadonlyMap<string, Limit>;

  /** `table`: what the threads of the process count together; null with one thread. */
  constructor(bootstrap: Bootstrap, table: SharedTable | null) {
    const runtime = [...staticRuntime(bootstrap)].map(([key, value]) => [key, Number(value)] as const);
    const max = monitoredLimit(bootstrap) ?? runtime.find(([key]) => key === globalKey)?.[1];
    this.#global = max === undefined ? null : { max, active: createTally(table, 'connections') };
    const found = runtime.flatMap(([key, value]) => {
      const name = listenerKey.exec(key)?.[1];
      return name === undefined ? [] : [[name, { max: value, active: createTally(table, `connections/${name}`) }] as const];
    });
    this.#byListener = new Map(found);
  }

  /** Whether another connection may be had in all. */
  get isGlobalFree(): boolean {
    return this.#global === null || this.#global.active.total < this.#global.max;
  }

  /** Whether a listener may have another. */
  isListenerFree(name: string): boolean {
    if (this.#byListener.size === 0) return true;
    const limit = this.#byListener.get(name);
    return limit === undefined || limit.active.total < limit.max;
  }

  opened(listenerName: string): void {
    this.#count(listenerName, 1);
  }

  closed(listenerName: string): void {
    this.#count(listenerName, -1);
  }

  #count(listenerName: string, change: number): void {
    this.#global?.active.add(change);
    if (this.#byListener.size > 0) this.#byListener.get(listenerName)?.active.add(change);
  }
}

function monitoredLimit({ overloadManager }: Bootstrap): number | null {
  for (const { typedConfig } of overloadManager?.resourceMonitors ?? []) {
    const config = typedConfig as { readonly '@type'?: string; readonly maxActiveDownstreamConnections?: string | number } | undefined;
    if (config?.['@type']?.endsWith(monitorType)) return Number(config.maxActiveDownstreamConnections ?? 0);
  }
  return null;
}
