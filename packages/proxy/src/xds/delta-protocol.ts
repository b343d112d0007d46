import { create, fromBinary, fromJson, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { NodeSchema } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import { DeltaDiscoveryRequestSchema, DeltaDiscoveryResponseSchema } from '@weft/envoy-api/envoy/service/discovery/v3/discovery_pb';
import { StatusSchema } from '@weft/envoy-api/google/rpc/status_pb';
import {
  type DiscoveryProtocol,
  type DiscoveryResponse,
  healthTypeUrl,
  illCode,
  invalidArgument,
  type ProtocolOptions,
} from './discovery-protocol.ts';
import { readResource } from './read-resource.ts';
import { type ResourceKind, typeUrlByKind } from './resource-kinds.ts';

/** The incremental protocol: changes of the subscription out, changes of resources in. */
export class DeltaProtocol implements DiscoveryProtocol {
  #options: ProtocolOptions;
  #asked: Map<ResourceKind, ReadonlySet<string> | null> = new Map();
  #isFirst = true;

  constructor(options: ProtocolOptions) {
    this.#options = options;
  }

  subscribe(kind: ResourceKind, wanted: ReadonlySet<string> | null): Uint8Array | null {
    const asked = this.#asked.get(kind);
    if (asked === undefined) {
      if (wanted !== null && wanted.size === 0) return null;
      this.#asked.set(kind, wanted);
      return this.#encode({
        typeUrl: typeUrlByKind[kind],
        resourceNamesSubscribe: [...(wanted ?? [])],
        initialResourceVersions: this.#knownVersions(kind, wanted),
      });
    }
    if (asked === null || wanted === null) return null;
    const subscribe = [...wanted].filter((name) => !asked.has(name));
    const unsubscribe = [...asked].filter((name) => !wanted.has(name));
    if (subscribe.length === 0 && unsubscribe.length === 0) return null;
    this.#asked.set(kind, wanted);
    return this.#encode({ typeUrl: typeUrlByKind[kind], resourceNamesSubscribe: subscribe, resourceNamesUnsubscribe: unsubscribe });
  }

  read(bytes: Uint8Array): DiscoveryResponse {
    const { typeUrl, nonce, systemVersionInfo, resources, removedResources } = fromBinary(DeltaDiscoveryResponseSchema, bytes);
    return {
      typeUrl,
      nonce,
      version: systemVersionInfo,
      resources: resources.map((resource) => readResource(resource, typeUrl)),
      removed: removedResources,
      isComplete: false,
    };
  }

  answer({ typeUrl, nonce }: DiscoveryResponse, problem: string | null): Uint8Array {
    if (problem === null) return this.#encode({ typeUrl, responseNonce: nonce });
    const errorDetail = create(StatusSchema, { code: invalidArgument, message: problem });
    return this.#encode({ typeUrl, responseNonce: nonce, errorDetail });
  }

  health(problem: string | null): Uint8Array {
    if (problem === null) return this.#encode({ typeUrl: healthTypeUrl });
    return this.#encode({ typeUrl: healthTypeUrl, errorDetail: create(StatusSchema, { code: illCode, message: problem }) });
  }

  #knownVersions(kind: ResourceKind, wanted: ReadonlySet<string> | null): Record<string, string> {
    return Object.fromEntries([...this.#options.versions(kind)].filter(([name]) => wanted === null || wanted.has(name)));
  }

  #encode(request: MessageInitShape<typeof DeltaDiscoveryRequestSchema>): Uint8Array {
    const message = create(DeltaDiscoveryRequestSchema, request);
    if (this.#isFirst || !this.#options.nodeOnFirstMessageOnly) message.node = fromJson(NodeSchema, this.#options.node);
    this.#isFirst = false;
    return toBinary(DeltaDiscoveryRequestSchema, message);
  }
}
