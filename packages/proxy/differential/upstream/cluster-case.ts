interface Endpoint {
  /** Number of the application, or `dead`. */
  readonly to: number | 'dead';
  readonly weight?: number;
  readonly health?: string;
  readonly hostname?: string;
  readonly lb?: object;
}

export interface Locality {
  readonly zone?: string;
  readonly weight?: number;
  readonly priority?: number;
  readonly endpoints: readonly Endpoint[];
}

export const type = (name: string) => `type.googleapis.com/${name}`;
export const at = (...numbers: readonly number[]): Endpoint[] => numbers.map((to) => ({ to }));
export const inZone = (zone: string, endpoints: readonly Endpoint[], more: Partial<Locality> = {}): Locality => ({
  zone,
  endpoints,
  ...more,
});
export const policy = (name: string, config: object = {}) => ({
  typed_extension_config: {
    name: `envoy.load_balancing_policies.${name.split('.')[0]}`,
    typed_config: { '@type': type(`envoy.extensions.load_balancing_policies.${name}`), ...config },
  },
});
export const httpCheck = (more: object = {}, http: object = {}) => ({
  timeout: '1s',
  interval: '0.05s',
  no_traffic_interval: '0.05s',
  unhealthy_threshold: 2,
  healthy_threshold: 2,
  http_health_check: { path: '/health', ...http },
  ...more,
});
/** Envoy gathers changes of health for a second otherwise. */
export const atOnce = { common_lb_config: { update_merge_window: '0s' } };
export const never = '3600s';

/** A cluster under comparison: its localities and everything else of its configuration. */
export interface ClusterCase {
  readonly localities: readonly Locality[];
  readonly config?: object;
  readonly policy?: object;
  /** Refuse so many per cent of the requests. */
  readonly dropPercent?: number;
  /** More of its route's action. */
  readonly route?: object;
}
