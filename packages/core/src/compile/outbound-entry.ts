import type { MetadataJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { FilterJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ServiceView } from '../mesh/proxy-view.ts';
import type { ServicePort } from '../mesh/service.ts';
import type { VirtualServiceRules } from '../mesh/virtual-service.ts';

/** Addresses of a listener, the first being the one it is named by; none: to be found from the service. */
export interface Binding {
  readonly addresses: readonly string[];
  readonly bindsToPort: boolean;
}

/** A service port that needs to be listened for. */
export interface ListenRequest {
  readonly service: ServiceView;
  readonly port: ServicePort;
  readonly binding: Binding;
  readonly isHttpProxy: boolean;
  readonly virtualServices: readonly VirtualServiceRules[];
}

/** A filter chain before it stands in a listener. */
export interface FilterChainPlan {
  readonly serverNames: readonly string[];
  readonly cidrs: readonly string[];
  readonly applicationProtocols: readonly string[];
  readonly transportProtocol: string;
  readonly filters: readonly FilterJson[];
  readonly metadata: MetadataJson | null;
  /** Route configuration that the chain asks for; null for TCP. */
  readonly routeName: string | null;
}

/** A listener before it is written out. */
export interface ListenerEntry {
  readonly binding: Binding;
  readonly port: number;
  readonly chains: readonly FilterChainPlan[];
  /** Whether connections that no chain takes go where they were bound for. */
  readonly hasFallback: boolean;
}
