import { nameOf, type ResourceKind, typeUrlByKind } from '../xds/resource-kinds.ts';
import type { ProxyInside } from './proxy-inside.ts';

/** `/config_dump`: the bootstrap and every resource in force, in Envoy's shape. Private keys are left out. */
export function configDump(proxy: ProxyInside): unknown {
  const snapshot = proxy.store.snapshot();
  const versions = (kind: ResourceKind, name: string): string => proxy.store.resources.versions(kind).get(name) ?? '';
  const entry = (kind: ResourceKind, key: string) => (resource: object) => ({
    version_info: versions(kind, nameOf(resource)),
    [key]: { '@type': typeUrlByKind[kind], ...resource },
  });
  return {
    configs: [
      { '@type': 'type.googleapis.com/envoy.admin.v3.BootstrapConfigDump', bootstrap: withoutKeys(proxy.bootstrap) },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
        dynamic_active_clusters: snapshot.clusters.map(entry('clusters', 'cluster')),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
        dynamic_listeners: snapshot.listeners.map((listener) => ({
          name: nameOf(listener),
          active_state: entry('listeners', 'listener')(listener),
        })),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
        dynamic_route_configs: snapshot.routes.map(entry('routes', 'route_config')),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.EndpointsConfigDump',
        dynamic_endpoint_configs: snapshot.endpoints.map(entry('endpoints', 'endpoint_config')),
      },
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.SecretsConfigDump',
        dynamic_active_secrets: snapshot.secrets.map((secret) => withoutKeys({ name: nameOf(secret), secret })),
      },
    ],
  };
}

/** A copy in which private keys read `[redacted]`. */
function withoutKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, key === 'privateKey' || key === 'password' ? '[redacted]' : withoutKeys(child)]),
  );
}
