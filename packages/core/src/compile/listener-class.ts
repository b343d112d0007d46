import type { ProxyView } from '../mesh/proxy-view.ts';
import type { PortProtocol } from '../mesh/service.ts';
import type { ModeTelemetry } from '../mesh/workload-telemetry.ts';

/** What a listener is for; filters, access logs and metrics differ by it. */
export type ListenerClass = 'sidecar-inbound' | 'sidecar-outbound' | 'gateway';

/** Where a chain of filters stands. */
export interface FilterPlace {
  readonly listenerClass: ListenerClass;
  readonly protocol: PortProtocol;
  /** Port of the listener; what `match.ports` of extensions refer to. */
  readonly port: number;
}

/** Telemetry of the side of a call that listeners of this class stand on: gateways count as clients. */
export function classTelemetry(view: ProxyView, listenerClass: ListenerClass): ModeTelemetry {
  const { telemetry } = view.policies;
  return listenerClass === 'sidecar-inbound' ? telemetry.server : telemetry.client;
}

/** Whether the connected proxy says that it has an extension. Extensions that are Istio's own are put in only then. */
export function hasExtension(view: ProxyView, name: string): boolean {
  return view.node.extensions.includes(name);
}

/** Whether the proxy may have an extension of Envoy itself: it says so, or says nothing about extensions. */
export function mayHaveExtension(view: ProxyView, name: string): boolean {
  return view.node.extensions.length === 0 || view.node.extensions.includes(name);
}
