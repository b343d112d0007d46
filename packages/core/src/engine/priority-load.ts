/** How much of one priority can take load. */
export interface PriorityHealth {
  /** Hosts, or their weights where the assignment says so; excluded hosts are left out. */
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
  /** Hosts by number: panic looks at these. `all` includes excluded hosts. */
  readonly hosts: { readonly all: number; readonly counted: number; readonly usable: number };
}

/** How the load is shared between priorities, in per cent; healthy and degraded shares together are 100. */
export interface PriorityLoad {
  readonly healthy: readonly number[];
  readonly degraded: readonly number[];
  /** Priorities whose hosts are all used, healthy or not. */
  readonly isPanic: readonly boolean[];
}

/** Shares load between priorities as Envoy does: a priority takes load while `overprovisioning × its health` covers it, the rest spills over. */
export function priorityLoad(
  priorities: readonly PriorityHealth[],
  { overprovisioningFactor, panicThresholdPercent }: { readonly overprovisioningFactor: number; readonly panicThresholdPercent: number },
): PriorityLoad {
  const { healthy, degraded } = availability(priorities, overprovisioningFactor);
  const available = Math.min(100, sum(healthy) + sum(degraded));
  const toFirst = { healthy: priorities.map((_, i) => (i === 0 ? 100 : 0)), degraded: degraded.map(() => 0) };
  if (available === 0 && panicThresholdPercent === 0) return { ...toFirst, isPanic: priorities.map(() => false) };
  const isPanic = priorities.map(({ hosts }) => available < 100 && percent(hosts.usable, hosts.counted) < panicThresholdPercent);
  if (isPanic.every(Boolean)) return { ...totalPanic(priorities), isPanic };
  if (available === 0) return { ...toFirst, isPanic };
  return { ...spread(healthy, degraded, available), isPanic };
}

/** The shares for a retry that leaves some priorities alone (Envoy's `previous_priorities`); all count again when nothing else is available. */
export function priorityLoadWithout(
  excluded: ReadonlySet<number>,
  usual: PriorityLoad,
  priorities: readonly PriorityHealth[],
  overprovisioningFactor: number,
): PriorityLoad {
  const { healthy, degraded } = availability(priorities, overprovisioningFactor);
  const without = (values: readonly number[]): number[] => values.map((value, priority) => (excluded.has(priority) ? 0 : value));
  const left = [without(healthy), without(degraded)] as const;
  const available = Math.min(100, sum(left[0]) + sum(left[1]));
  if (available === 0) return usual;
  return { ...spread(left[0], left[1], available), isPanic: usual.isPanic };
}

/** The priority and kind of hosts for a draw of 0 … 99. */
export function choosePriority(load: PriorityLoad, draw: number): { readonly priority: number; readonly isDegraded: boolean } {
  let left = draw;
  for (let priority = 0; priority < load.healthy.length; priority++) {
    left -= load.healthy[priority] ?? 0;
    if (left < 0) return { priority, isDegraded: false };
  }
  for (let priority = 0; priority < load.degraded.length; priority++) {
    left -= load.degraded[priority] ?? 0;
    if (left < 0) return { priority, isDegraded: true };
  }
  return { priority: 0, isDegraded: false };
}

function availability(priorities: readonly PriorityHealth[], factor: number): { readonly healthy: number[]; readonly degraded: number[] } {
  const healthOf = (part: number, total: number): number => (total === 0 ? 0 : Math.min(100, Math.floor((factor * part) / total)));
  return {
    healthy: priorities.map(({ total, healthy }) => healthOf(healthy, total)),
    degraded: priorities.map(({ total, degraded }) => healthOf(degraded, total)),
  };
}

/** In order, healthy hosts before degraded ones; what rounding leaves over goes to the first that is available. */
function spread(healthy: readonly number[], degraded: readonly number[], available: number): Pick<PriorityLoad, 'healthy' | 'degraded'> {
  let left = 100;
  const shares = [...healthy, ...degraded].map((value) => {
    const share = Math.min(left, Math.floor((value * 100) / available));
    left -= share;
    return share;
  });
  const first = [...healthy, ...degraded].findIndex((value) => value > 0);
  if (left > 0 && first >= 0) shares[first] = (shares[first] ?? 0) + left;
  return { healthy: shares.slice(0, healthy.length), degraded: shares.slice(healthy.length) };
}

/** Every priority in panic: load follows the number of hosts. */
function totalPanic(priorities: readonly PriorityHealth[]): Pick<PriorityLoad, 'healthy' | 'degraded'> {
  const hosts = priorities.map((priority) => priority.hosts.all);
  const total = sum(hosts);
  const healthy = hosts.map((count) => (total === 0 ? 0 : Math.floor((100 * count) / total)));
  const first = Math.max(
    0,
    hosts.findIndex((count) => count > 0),
  );
  if (healthy.length > 0) healthy[first] = (healthy[first] ?? 0) + 100 - sum(healthy);
  return { healthy, degraded: healthy.map(() => 0) };
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
