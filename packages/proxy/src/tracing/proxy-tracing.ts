import type { NodeJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import { collectorSender } from '../http/collector-sender.ts';
import { hostAddress } from '../io/host-address.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { Bootstrap } from '../xds/bootstrap.ts';
import { staticRuntime } from '../xds/static-runtime.ts';
import { proxyVersion } from '../xds/weft-node.ts';
import { SpanExporters } from './span-exporters.ts';
import { Tracing } from './tracing.ts';

/** The tracing of a proxy: spans go to collectors through its own clusters. */
export function proxyTracing(bootstrap: Bootstrap, node: NodeJson, clusters: ClusterManager): Tracing {
  const runtime = staticRuntime(bootstrap);
  const number = (key: string, fallback: number): number => Number(runtime.get(key) ?? fallback);
  const exporters = new SpanExporters({
    send: collectorSender(clusters),
    nodeCluster: node.cluster ?? '',
    hostAddress: hostAddress(),
    version: proxyVersion,
    batching: (provider) => ({
      intervalMs: number(`tracing.${provider}.flush_interval_ms`, 5000),
      maxSpans: number(`tracing.${provider}.min_flush_spans`, 5),
    }),
  });
  return new Tracing(exporters, { id: node.id ?? '', zone: node.locality?.zone ?? '' });
}
