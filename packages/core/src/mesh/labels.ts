import type { Locality } from './service.ts';

/** Labels that Istio puts on every endpoint beside its own: where it runs, so that failover priorities can name it. */
export function augmentLabels(
  labels: Readonly<Record<string, string>>,
  place: { readonly locality: Locality; readonly cluster: string; readonly network: string; readonly nodeName: string },
): Readonly<Record<string, string>> {
  const { region, zone, subzone } = place.locality;
  return {
    ...labels,
    ...(region ? { 'topology.kubernetes.io/region': region } : {}),
    ...(zone ? { 'topology.kubernetes.io/zone': zone } : {}),
    ...(subzone ? { 'topology.istio.io/subzone': subzone } : {}),
    ...(place.cluster ? { 'topology.istio.io/cluster': place.cluster } : {}),
    ...(place.network ? { 'topology.istio.io/network': place.network } : {}),
    ...(place.nodeName ? { 'kubernetes.io/hostname': place.nodeName } : {}),
  };
}

/** `region/zone/subzone`, any part may be missing. */
export function parseLocality(text: string | undefined): Locality {
  const [region = '', zone = '', subzone = ''] = (text ?? '').split('/');
  return { region, zone, subzone };
}

/** The text of a locality without trailing empty parts, `''` for none. */
export function formatLocality(locality: Locality): string {
  return `${locality.region}/${locality.zone}/${locality.subzone}`.replace(/\/+$/, '');
}

const dashedLocality = 'istio-locality';

/** Locality as the label `istio-locality` gives it, dots standing for slashes; null when the label is absent. */
export function localityFromLabels(labels: Readonly<Record<string, string>>): Locality | null {
  const value = labels[dashedLocality];
  if (!value) return null;
  return parseLocality(value.includes('/') ? value : value.replaceAll('.', '/'));
}
