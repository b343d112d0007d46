import type { BootstrapJson } from '@weft/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { NodeJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { ClusterLoadAssignmentJson } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import type { RouteConfigurationJson } from '@weft/envoy-api/envoy/config/route/v3/route_pb';
import type { HttpProtocolOptionsJson } from '@weft/envoy-api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import type { Snapshot, TypedConfig } from '../snapshot/snapshot.ts';

/** What a bootstrap needs besides a snapshot. */
export interface StaticBootstrapOptions {
  readonly node: NodeJson;
  /** 15000, as Istio's sidecars have it, unless given. */
  readonly adminPort?: number;
}

/**
 * A bootstrap with everything in it: discovered routes and endpoints stand where they are used. Secrets of the snapshot become static
 * ones; those it does not hold are left to the agent's secret service, which Envoy asks when it needs them.
 */
export function staticBootstrap(snapshot: Snapshot, { node, adminPort = 15000 }: StaticBootstrapOptions): BootstrapJson {
  const inliner = new Inliner(snapshot);
  const clusters = snapshot.clusters.map((cluster) => inliner.cluster(cluster));
  const listeners = snapshot.listeners.filter((listener) => !listener.apiListener).map((listener) => inliner.inline(listener));
  return {
    node,
    admin: { address: { socketAddress: { address: '127.0.0.1', portValue: adminPort } } },
    staticResources: {
      listeners,
      clusters: inliner.needsSecretService ? [...clusters, secretService] : clusters,
      ...(snapshot.secrets.length > 0 ? { secrets: [...snapshot.secrets] } : {}),
    },
  };
}

const secretServiceName = 'sds-grpc';

const http2Upstream: TypedConfig<HttpProtocolOptionsJson> = {
  '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  explicitHttpConfig: { http2ProtocolOptions: {} },
};

/** Istio's agent gives secrets on this socket, relative to the proxy's directory. */
const secretService: ClusterJson = {
  name: secretServiceName,
  type: 'STATIC',
  connectTimeout: '1s',
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http2Upstream,
  },
  loadAssignment: {
    clusterName: secretServiceName,
    endpoints: [{ lbEndpoints: [{ endpoint: { address: { pipe: { path: './var/run/secrets/workload-spiffe-uds/socket' } } } }] }],
  },
};

/** Replaces references to discovered resources by the resources. */
class Inliner {
  needsSecretService = false;
  readonly #assignments: ReadonlyMap<string, ClusterLoadAssignmentJson>;
  readonly #routes: ReadonlyMap<string, RouteConfigurationJson>;
  readonly #secrets: ReadonlySet<string>;

  constructor(snapshot: Snapshot) {
    this.#assignments = new Map(snapshot.endpoints.map((assignment) => [assignment.clusterName ?? '', assignment]));
    this.#routes = new Map(snapshot.routes.map((routes) => [routes.name ?? '', routes]));
    this.#secrets = new Set(snapshot.secrets.map((secret) => secret.name ?? ''));
  }

  cluster(json: ClusterJson): ClusterJson {
    const cluster = this.inline(json);
    if (cluster.type !== 'EDS') return cluster;
    const { edsClusterConfig, ...rest } = cluster;
    const assignment = this.#assignments.get(edsClusterConfig?.serviceName || (cluster.name ?? ''));
    return {
      ...rest,
      type: hasHostNames(assignment) ? 'STRICT_DNS' : 'STATIC',
      loadAssignment: { ...assignment, clusterName: cluster.name ?? '' },
    };
  }

  inline<T>(value: T): T {
    return this.#walk(value) as T;
  }

  #walk(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#walk(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => this.#field(key, inner)));
  }

  #field(key: string, value: unknown): readonly [string, unknown] {
    if (key === 'rds') {
      const name = (value as { readonly routeConfigName?: string }).routeConfigName ?? '';
      return ['routeConfig', this.#routes.get(name) ?? { name }];
    }
    if (key === 'tlsCertificateSdsSecretConfigs' && Array.isArray(value)) return [key, value.map((item) => this.#secret(item))];
    if (key === 'validationContextSdsSecretConfig') return [key, this.#secret(value)];
    return [key, this.#walk(value)];
  }

  /** A name alone means a static secret. */
  #secret(value: unknown): unknown {
    const { name = '' } = value as { readonly name?: string };
    if (this.#secrets.has(name)) return { name };
    this.needsSecretService = true;
    return {
      name,
      sdsConfig: {
        resourceApiVersion: 'V3',
        initialFetchTimeout: '0s',
        apiConfigSource: {
          apiType: 'GRPC',
          transportApiVersion: 'V3',
          setNodeOnFirstMessageOnly: true,
          grpcServices: [{ envoyGrpc: { clusterName: secretServiceName } }],
        },
      },
    };
  }
}

function hasHostNames(assignment: ClusterLoadAssignmentJson | undefined): boolean {
  const hosts = (assignment?.endpoints ?? []).flatMap((locality) => locality.lbEndpoints ?? []);
  return hosts.some((host) => {
    const address = host.endpoint?.address?.socketAddress?.address;
    return address !== undefined && !/^[\d.]+$/.test(address) && !address.includes(':');
  });
}
