import { parseDurationMs } from '../base/durations.ts';
import { parseLocality } from './labels.ts';
import type { ProxyNode, ProxyType } from './proxy-node.ts';
import type { Locality } from './service.ts';

/** An Envoy `Node` in protojson form, as far as it is read here. */
export interface NodeJson {
  readonly id?: string;
  readonly cluster?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly locality?: { readonly region?: string; readonly zone?: string; readonly subZone?: string };
  readonly extensions?: readonly { readonly name?: string }[];
}

/** Reads who a proxy is from its node; null when the id has not the four parts `type~ip~name.namespace~domain`. */
export function parseNode(node: NodeJson): ProxyNode | null {
  const parts = (node.id ?? '').split('~');
  const [type = '', ip = '', fullName = '', dnsDomain = ''] = parts;
  if (parts.length !== 4 || !isProxyType(type)) return null;
  const metadata = node.metadata ?? {};
  const text = (key: string) => (typeof metadata[key] === 'string' ? metadata[key] : '');
  const dot = fullName.indexOf('.');
  const namespace = text('NAMESPACE') || (dot < 0 ? '' : fullName.slice(dot + 1)) || dnsDomain.split('.')[0] || '';
  const labels = stringRecord(metadata.LABELS);
  const ips = text('INSTANCE_IPS').split(',').filter(Boolean);
  const port = Number(metadata.HTTP_PROXY_PORT ?? '');
  const idleMs = parseDurationMs(text('IDLE_TIMEOUT'));
  return {
    type,
    id: node.id ?? '',
    ip: ips[0] ?? ip,
    ips: ips.length > 0 ? ips : [ip],
    namespace,
    name: text('NAME') || (dot < 0 ? fullName : fullName.slice(0, dot)),
    labels,
    annotations: stringRecord(metadata.ANNOTATIONS),
    serviceAccount: text('SERVICE_ACCOUNT'),
    serviceCluster: node.cluster ?? '',
    cluster: text('CLUSTER_ID'),
    network: text('NETWORK') || labels['topology.istio.io/network'] || '',
    locality: localityOf(node, labels),
    dnsDomain: dnsDomain || `${namespace}.svc.cluster.local`,
    interceptionMode: interceptionMode(text('INTERCEPTION_MODE')),
    httpProxyPort: Number.isInteger(port) && port > 0 && port < 65536 ? port : null,
    idleTimeoutMs: idleMs,
    acceptsHttp10: text('HTTP10') === '1',
    generator: text('GENERATOR') === 'grpc' ? 'grpc' : 'envoy',
    extensions: (node.extensions ?? []).flatMap((extension) => extension.name ?? []).sort(),
    isUnprivileged: isTrue(metadata.UNPRIVILEGED_POD),
    capturesDns: isTrue(metadata.DNS_CAPTURE),
    ownPorts: [Number(metadata.ENVOY_STATUS_PORT ?? 0), Number(metadata.ENVOY_PROMETHEUS_PORT ?? 0)].filter((own) => own > 0),
    nodeName: text('NODE_NAME'),
    requestedNetworks: text('REQUESTED_NETWORK_VIEW').split(',').filter(Boolean),
    metadata,
  };
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === '1';
}

function isProxyType(type: string): type is ProxyType {
  return type === 'sidecar' || type === 'router' || type === 'waypoint';
}

function interceptionMode(text: string): ProxyNode['interceptionMode'] {
  return text === 'NONE' || text === 'TPROXY' ? text : 'REDIRECT';
}

function stringRecord(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function localityOf(node: NodeJson, labels: Readonly<Record<string, string>>): Locality {
  const given = node.locality;
  if (given?.region || given?.zone || given?.subZone)
    return { region: given.region ?? '', zone: given.zone ?? '', subzone: given.subZone ?? '' };
  const label = labels['istio-locality'];
  return parseLocality(label?.includes('/') ? label : label?.replaceAll('.', '/'));
}
