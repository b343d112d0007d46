import type { Service } from './service.ts';

/** Says on a Service or ServiceEntry which endpoints are preferred, before `spec.trafficDistribution`. */
export const trafficDistributionAnnotation = 'networking.istio.io/traffic-distribution';

/** Which endpoints a service wants to be preferred; null when it does not say, or says something unknown. */
export function trafficDistribution(value: string | undefined): Service['trafficDistribution'] {
  switch (value) {
    case 'PreferClose':
    case 'PreferSameZone':
      return 'prefer-same-zone';
    case 'PreferSameNode':
      return 'prefer-same-node';
    case 'PreferSameNetwork':
      return 'prefer-same-network';
    default:
      return value === 'Any' ? 'any' : null;
  }
}
