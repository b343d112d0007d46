import { createHash } from 'node:crypto';
import type { Snapshot } from '@weft/core/snapshot/snapshot';
import { encodeResource } from '@weft/core/xds/codec';
import { typeUrls } from '@weft/core/xds/type-urls';
import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { XdsKind } from '../api/types.ts';
import type { EncodedResource, EncodedSnapshot, EncodedType } from '../xds/types.ts';

/** How much text resources are kept by, over all proxies: most proxies of a mesh are sent the same clusters. */
const maxKeptCharacters = 32 * 1024 * 1024;

/** Turns snapshots into bytes; what was encoded before, as the same object or with the same text, is not encoded again. */
export class SnapshotEncoder {
  private readonly encoded = new WeakMap<object, EncodedResource>();
  private readonly encodedByText = new Map<string, EncodedResource>();
  private keptCharacters = 0;

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
    const text = `${kind} ${JSON.stringify(json)}`;
    const resource = this.encodedByText.get(text) ?? encode(kind, name, json);
    this.keep(text, resource);
    this.encoded.set(json, resource);
    return resource;
  }

  /** The texts used last are kept. */
  private keep(text: string, resource: EncodedResource): void {
    if (this.encodedByText.delete(text)) this.keptCharacters -= text.length;
    this.encodedByText.set(text, resource);
    this.keptCharacters += text.length;
    for (const oldest of this.encodedByText.keys()) {
      if (this.keptCharacters <= maxKeptCharacters) return;
      this.encodedByText.delete(oldest);
      this.keptCharacters -= oldest.length;
    }
  }
}

function encode(kind: XdsKind, name: string, json: object): EncodedResource {
  const bytes = encodeResource(typeUrls[kind], json);
  const version = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const endpointsName = kind === 'cds' ? endpointsNameOf(json as ClusterJson) : undefined;
  return { name, version, bytes, ...(endpointsName === undefined ? {} : { endpointsName }) };
}

function endpointsNameOf(cluster: ClusterJson): string | undefined {
  return cluster.type === 'EDS' ? cluster.edsClusterConfig?.serviceName || cluster.name : undefined;
}
