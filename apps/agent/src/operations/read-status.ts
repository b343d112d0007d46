import { formatSpiffe } from '@weft/core/base/spiffe';
import { pushOrder } from '@weft/core/xds/type-urls';
import type { MeshStatus, ProxyStatus, SyncState, XdsKind } from '../api/types.ts';
import type { ProxyRecord } from '../push/proxy-connection.ts';
import type { AgentParts } from './agent-parts.ts';

/** The state of the control plane and of every proxy. */
export function readStatus(parts: AgentParts): MeshStatus {
  const { config, authority, pushTimes, surroundings, registry } = parts;
  const { rootNamespace, meshConfig } = config.current.settings;
  const sorted = [...pushTimes.list].sort((a, b) => a - b);
  return {
    agent: {
      version: surroundings.version,
      ready: true,
      revision: config.revision,
      startedAt: surroundings.startedAt,
      directory: surroundings.directory,
      problems: config.problems,
      readOnlyReason: config.readOnlyReason,
    },
    proxies: registry.list().map((record) => proxyStatus(parts, record)),
    authority: { trustDomain: meshConfig.trustDomain, notAfter: authority.notAfter, fingerprint: authority.fingerprint },
    push: { lastMs: pushTimes.list.at(-1) ?? null, p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), count: sorted.length },
    settings: { rootNamespace, trustDomain: meshConfig.trustDomain, meshConfig: JSON.stringify(meshConfig, null, 2) },
    console: surroundings.consoleUrl === null ? null : { url: surroundings.consoleUrl },
    gateway: surroundings.gateway,
  };
}

function proxyStatus(parts: AgentParts, record: ProxyRecord): ProxyStatus {
  const { node, connection, userAgent } = record;
  const trustDomain = parts.config.current.settings.meshConfig.trustDomain;
  const spiffeId = formatSpiffe({ trustDomain, namespace: node.namespace, serviceAccount: node.serviceAccount || 'default' });
  return {
    id: node.id,
    name: node.name,
    namespace: node.namespace,
    ip: node.ip,
    type: node.type,
    dataPlane:
      node.generator === 'grpc' ? 'grpc' : userAgent.name === 'weft' || node.metadata.WEFT_VERSION !== undefined ? 'weft' : 'envoy',
    version: userAgent.version,
    adminUrl: localUrl(node.metadata.ENVOY_ADMIN_PORT),
    metricsUrl: metricsUrl(record),
    connected: connection !== null,
    connectedAt: record.connectedAt,
    synced: Object.fromEntries(pushOrder.map((kind) => [kind, syncState(record, kind)])) as Record<XdsKind, SyncState>,
    lastNack: record.lastNack,
    lastPushMs: record.lastPushMs,
    ackedRevision: record.ackedRevision,
    certificate: parts.certificates.get(spiffeId) ?? null,
  };
}

/** Where a proxy's metrics can be read, from its node's metadata; null when it does not say. */
export function metricsUrl({ node }: ProxyRecord): string | null {
  const url = localUrl(node.metadata.ENVOY_PROMETHEUS_PORT);
  return url === null ? null : `${url}/stats/prometheus`;
}

function localUrl(port: unknown): string | null {
  const number = Number(port ?? 0);
  return Number.isInteger(number) && number > 0 && number < 65_536 ? `http://127.0.0.1:${number}` : null;
}

function syncState({ connection }: ProxyRecord, kind: XdsKind): SyncState {
  return connection ? connection.stream.stateOf(kind) : 'STALE';
}

function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}
