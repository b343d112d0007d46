import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { NetworkVerdict } from '@weft/core/engine/decision';
import type { ConnectionFacts } from '@weft/core/plan/facts';
import type { FilterChainPlan, NetworkFilterPlan } from '@weft/core/plan/filter-chain-plan';
import type { AttributeContextSchema } from '@weft/envoy-api/envoy/service/auth/v3/attribute_context_pb';
import { CheckRequestSchema, CheckResponseSchema } from '@weft/envoy-api/envoy/service/auth/v3/external_auth_pb';
import { destinationPeer, sourcePeer } from '../http/authz-peer.ts';
import { callGrpc } from '../http/grpc-call.ts';
import { countNetworkRbac } from '../telemetry/rbac-stats.ts';
import type { Registry } from '../telemetry/registry.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';

type ExtAuthz = Extract<NetworkFilterPlan, { kind: 'extAuthz' }>;

/** What an authorization service says of a connection. `isError`: it gave no answer, and the filter's failure mode decided. */
export interface ConnectionVerdict {
  readonly allowed: boolean;
  readonly isError: boolean;
  /** Dynamic metadata that the service gave. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

const path = '/envoy.service.auth.v3.Authorization/Check';
const okCode = 0;

/** Asks authorization services about connections, for the network filter ext_authz, and counts as that does. */
export class NetworkAuthorization {
  readonly #clusters: ClusterManager;
  readonly #registry: Registry;
  readonly #nodeMetadata: Readonly<Record<string, unknown>>;

  /** `nodeMetadata` is that of this proxy's node: a filter may have labels of it told. */
  constructor(clusters: ClusterManager, registry: Registry, nodeMetadata: Readonly<Record<string, unknown>>) {
    this.#clusters = clusters;
    this.#registry = registry;
    this.#nodeMetadata = nodeMetadata;
  }

  async check(filter: ExtAuthz, connection: ConnectionFacts): Promise<ConnectionVerdict> {
    const active = this.#registry.gauge(scopeOf(filter), 'active');
    this.#count(filter, 'total');
    active.set(active.value + 1);
    const answer = await this.#ask(filter, connection);
    active.set(active.value - 1);
    if (answer === null) {
      this.#count(filter, 'error');
      this.#count(filter, filter.failureModeAllow ? 'failure_mode_allowed' : 'cx_closed');
      return { allowed: filter.failureModeAllow, isError: true, metadata: null };
    }
    const allowed = (answer.status?.code ?? okCode) === okCode;
    this.#count(filter, allowed ? 'ok' : 'denied');
    if (!allowed) this.#count(filter, 'cx_closed');
    return { allowed, isError: false, metadata: answer.dynamicMetadata ?? null };
  }

  countRbac(chain: FilterChainPlan, verdict: NetworkVerdict): void {
    countNetworkRbac(this.#registry, chain, verdict);
  }

  /** Counts filters whose condition did not hold for a connection. */
  countDisabled(filters: readonly ExtAuthz[]): void {
    for (const filter of filters) this.#count(filter, 'disabled');
  }

  /** The service's answer; null when there was none that can be read. */
  async #ask(filter: ExtAuthz, connection: ConnectionFacts) {
    try {
      const message = toBinary(CheckRequestSchema, create(CheckRequestSchema, { attributes: this.#attributes(filter, connection) }));
      const answer = await callGrpc(this.#clusters, { service: filter.service, path, message, connection });
      return answer === null ? null : fromBinary(CheckResponseSchema, answer);
    } catch {
      return null;
    }
  }

  #attributes(filter: ExtAuthz, connection: ConnectionFacts): MessageInitShape<typeof AttributeContextSchema> {
    const { serverName } = connection;
    return {
      source: sourcePeer(connection, filter.includePeerCertificate),
      destination: { ...destinationPeer(connection), service: serverName, labels: this.#labels(filter.labelsKey) },
      metadataContext: {},
      ...(filter.includeTlsSession && { tlsSession: { sni: serverName } }),
    };
  }

  #labels(key: string): Record<string, string> {
    const labels = key === '' ? null : this.#nodeMetadata[key];
    if (typeof labels !== 'object' || labels === null) return {};
    return Object.fromEntries(Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  }

  #count(filter: ExtAuthz, name: string): void {
    this.#registry.counter(scopeOf(filter), name).increment();
  }
}

function scopeOf({ statPrefix }: ExtAuthz): { prefix: string; extractedPrefix: string; labels: [] } {
  const prefix = `ext_authz.${statPrefix}.`;
  return { prefix, extractedPrefix: prefix, labels: [] };
}
