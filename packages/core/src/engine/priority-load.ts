/** How many hosts of one priority can take load. */
export interface PriorityHealth {
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
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
  const healthOf = (hosts: number, total: number): number =>
    total === 0 ? 0 : Math.min(100, Math.floor((overprovisioningFactor * hosts) / total));
  const healthy = priorities.map(({ total, healthy: hosts }) => healthOf(hosts, total));
  const degraded = priorities.map(({ total, degraded: hosts }) => healthOf(hosts, total));
  const available = Math.min(100, sum(healthy) + sum(degraded));
  if (available === 0) {
    const isPanic = priorities.map((_, i) => i === 0 && panicThresholdPercent > 0);
    return { healthy: priorities.map((_, i) => (i === 0 ? 100 : 0)), degraded: degraded.map(() => 0), isPanic };
  }
  const isPanic = priorities.map((priority) => available < 100 && isBelow(priority, panicThresholdPercent));
  if (isPanic.every(Boolean)) return { ...totalPanic(priorities), isPanic };
  const shares = spread([...healthy, ...degraded], available);
  return { healthy: shares.slice(0, priorities.length), degraded: shares.slice(priorities.length), isPanic };
}

/** The priority and kind of hosts for a draw of 0 … 99. */
export function choosePriority(load: PriorityLoad, draw: number): { readonly priority: number; readonly isDegraded: boolean } {
  let left = draw;
  for (const [priority, share] of load.healthy.entries()) {
    left -= share;
    if (left < 0) return { priority, isDegraded: false };
  }
  for (const [priority, share] of load.degraded.entries()) {
    left -= share;
    if (left < 0) return { priority, isDegraded: true };
  }
  return { priority: 0, isDegraded: false };
}

function isBelow({ total, healthy, degraded }: PriorityHealth, threshold: number): boolean {
  const percent = (hosts: number): number => (total === 0 ? 0 : (100 * hosts) / total);
  return percent(healthy) + percent(degraded) < threshold;
}

/** In order; what rounding leaves over goes to the first that has a share. */
function spread(values: readonly number[], available: number): number[] {
  let left = 100;
  const shares = values.map((value) => {
    const share = Math.min(left, Math.floor((value * 100) / available));
    left -= share;
    return share;
  });
  const first = shares.findIndex((share) => share > 0);
  if (left > 0 && first >= 0) shares[first] = (shares[first] ?? 0) + left;
  return shares;
}

/** Every priority in panic: load follows the number of hosts. */
function totalPanic(priorities: readonly PriorityHealth[]): Pick<PriorityLoad, 'healthy' | 'degraded'> {
  const total = sum(priorities.map((priority) => priority.total));
  const shares = spread(
    priorities.map((priority) => priority.total),
    total,
  );
  return { healthy: shares, degraded: shares.map(() => 0) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
