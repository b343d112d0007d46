import type { Bootstrap } from '../xds/bootstrap.ts';

const globalKey = 'overload.global_downstream_max_connections';
const monitorType = 'envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig';

/** How many connections the bootstrap allows, by its overload manager or its static runtime layers: in all, and for single listeners. */
export class ConnectionLimits {
  #max: number;
  #maxByListener: ReadonlyMap<string, number>;
  #active = 0;

  constructor(bootstrap: Bootstrap) {
    const runtime = staticRuntime(bootstrap);
    this.#max = monitoredLimit(bootstrap) ?? runtime.get(globalKey) ?? Number.POSITIVE_INFINITY;
    const found = [...runtime].flatMap(([key, value]) => {
      const name = /^envoy\.resource_limits\.listener\.(.+)\.connection_limit$/.exec(key)?.[1];
      return name === undefined ? [] : [[name, value] as const];
    });
    this.#maxByListener = new Map(found);
  }

  /** Whether another connection may be had in all. */
  get isGlobalFree(): boolean {
    return this.#active < this.#max;
  }

  /** Whether a listener that has so many connections may have another. */
  isListenerFree(name: string, active: number): boolean {
    return this.#maxByListener.size === 0 || active < (this.#maxByListener.get(name) ?? Number.POSITIVE_INFINITY);
  }

  opened(): void {
    this.#active++;
  }

  closed(): void {
    this.#active--;
  }
}

/** Numbers of the static runtime layers by their dotted key; later layers win. */
function staticRuntime({ layeredRuntime }: Bootstrap): Map<string, number> {
  const values = new Map<string, number>();
  for (const { staticLayer } of layeredRuntime?.layers ?? []) flatten(staticLayer ?? {}, '', values);
  return values;
}

function flatten(value: unknown, path: string, values: Map<string, number>): void {
  if (typeof value === 'number') values.set(path, value);
  else if (typeof value === 'string' && value !== '' && !Number.isNaN(Number(value))) values.set(path, Number(value));
  else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, child] of Object.entries(value)) flatten(child, path === '' ? key : `${path}.${key}`, values);
  }
}

function monitoredLimit({ overloadManager }: Bootstrap): number | null {
  for (const { typedConfig } of overloadManager?.resourceMonitors ?? []) {
    const config = typedConfig as { readonly '@type'?: string; readonly maxActiveDownstreamConnections?: string | number } | undefined;
    if (config?.['@type']?.endsWith(monitorType)) return Number(config.maxActiveDownstreamConnections ?? 0);
  }
  return null;
}
