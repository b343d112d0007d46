import { createHash } from 'node:crypto';
import type { Snapshot } from '@weft/core/snapshot/snapshot';
import { encodeResource } from '@weft/core/xds/codec';
import { typeUrls } from '@weft/core/xds/type-urls';
import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { XdsKind } from '../api/types.ts';
import type { EncodedResource, EncodedSnapshot, EncodedType } from '../xds/types.ts';

/** Turns snapshots into bytes; a resource object that was encoded before is not encoded again. */
export class SnapshotEncoder {
  private readonly encoded = new WeakMap<object, EncodedResource>();

  /** @throws when a resource does not fit its message: a fault of the compiler, not of the configuration. */
  encode(snapshot: Snapshot, revision: number): EncodedSnapshot {
    return {
      revision,
      types: {
        cds: this.type('cds', snapshot.clusters, (cluster) => cluster.name),
        eds: this.type('eds', snapshot.endpoints, (assignment) => assignment.clusterName),
        lds: this.type('lds', snapshot.listeners, (listener) => listener.name),
        rds: this.type('rds', snapshot.routes, (route) => route.name),
        sds: this.type('sds', snapshot.secrets, (secret) => secret.name),
      },
    };
  }

  private type<T extends object>(kind: XdsKind, list: readonly T[], nameOf: (resource: T) => string | undefined): EncodedType {
    const resources = new Map<string, EncodedResource>();
    const versions = createHash('sha256');
    for (const json of list) {
      const resource = this.resource(kind, json, nameOf(json) ?? '');
      resources.set(resource.name, resource);
      versions.update(resource.name).update(resource.version);
    }
    return { version: versions.digest('hex').slice(0, 16), resources };
  }

  private resource(kind: XdsKind, json: object, name: string): EncodedResource {
    const known = this.encoded.get(json);
    if (known) return known;
    const bytes = encodeResource(typeUrls[kind], json as never);
    const version = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    const endpointsName = kind === 'cds' ? endpointsNameOf(json as ClusterJson) : undefined;
    const resource: EncodedResource = { name, version, bytes, ...(endpointsName === undefined ? {} : { endpointsName }) };
    this.encoded.set(json, resource);
    return resource;
  }
}

function endpointsNameOf(cluster: ClusterJson): string | undefined {
  return cluster.type === 'EDS' ? cluster.edsClusterConfig?.serviceName || cluster.name : undefined;
}
