import type { MetricConfigJson, PluginConfigJson } from '@weft/envoy-api/stats/config_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import { classTelemetry, hasExtension, type ListenerClass } from './listener-class.ts';
import { protoDuration } from './proto-duration.ts';
import { typedConfig } from './typed-config.ts';

/** Name of Istio's metrics filter, HTTP and network. */
export const istioStatsFilter = 'istio.stats';

const metricNames: Readonly<Record<string, string>> = {
  REQUEST_COUNT: 'requests_total',
  REQUEST_DURATION: 'request_duration_milliseconds',
  REQUEST_SIZE: 'request_bytes',
  RESPONSE_SIZE: 'response_bytes',
  TCP_OPENED_CONNECTIONS: 'tcp_connections_opened_total',
  TCP_CLOSED_CONNECTIONS: 'tcp_connections_closed_total',
  TCP_SENT_BYTES: 'tcp_sent_bytes_total',
  TCP_RECEIVED_BYTES: 'tcp_received_bytes_total',
  GRPC_REQUEST_MESSAGES: 'request_messages_total',
  GRPC_RESPONSE_MESSAGES: 'response_messages_total',
};

/** The metrics filter of a listener of this class, or null when metrics are off or the proxy does not know the filter. */
export function istioStats(view: ProxyView, listenerClass: ListenerClass) {
  const { metrics } = classTelemetry(view, listenerClass);
  if (!metrics.isEnabled || !hasExtension(view, istioStatsFilter)) return null;
  const overrides = metrics.overrides.map((setting): MetricConfigJson => {
    const dimensions = setting.tags.filter((tag) => !tag.isRemoved).map((tag) => [tag.name, tag.value]);
    const removed = setting.tags.filter((tag) => tag.isRemoved).map((tag) => tag.name);
    return {
      ...(dimensions.length > 0 && { dimensions: Object.fromEntries(dimensions) }),
      name: metricNames[setting.metric] ?? setting.metric,
      ...(removed.length > 0 && { tagsToRemove: removed }),
      ...(setting.isDisabled && { drop: true }),
    };
  });
  const config: PluginConfigJson = {
    ...(listenerClass !== 'sidecar-outbound' && { disableHostHeaderFallback: true }),
    ...(metrics.reportingInterval !== null && { tcpReportingDuration: protoDuration(metrics.reportingInterval, '5s') }),
    ...(overrides.length > 0 && { metrics: overrides }),
  };
  return { name: istioStatsFilter, typedConfig: typedConfig('stats.PluginConfig', config) };
}
