import type { TopologyEdge } from '@weft/agent/api/types';
import { formatBytesPerSecond, formatMs, formatPercent, formatRate } from '../../lib/format.ts';
import type { EdgeLabel } from './topology-state.ts';

/** What an edge says about itself, by the reader's choice. Null for nothing. */
export function edgeValue(edge: TopologyEdge, label: EdgeLabel): string | null {
  const { stats } = edge;
  if (label === 'none') return null;
  if (edge.protocol === 'tcp') return `${formatBytesPerSecond(stats.sentBytesRate + stats.receivedBytesRate)}`;
  switch (label) {
    case 'rate':
      return `${formatRate(stats.requestRate)} rps`;
    case 'errors':
      return formatPercent(stats.errorPercent);
    case 'p50':
      return formatMs(stats.p50Ms);
    case 'p95':
      return formatMs(stats.p95Ms);
    case 'p99':
      return formatMs(stats.p99Ms);
    case 'throughput':
      return formatBytesPerSecond(stats.sentBytesRate + stats.receivedBytesRate);
    case 'share':
      return formatPercent(edge.sharePercent);
  }
}

/** An edge carries traffic when anything moved over it in the window. */
export function isIdle(edge: TopologyEdge): boolean {
  return edge.health === 'idle';
}
