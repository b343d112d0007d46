import { fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { type Struct, StructSchema } from '@bufbuild/protobuf/wkt';
import type { EndpointPlan } from '@weft/core/plan/cluster-plan';
import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { NodeJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { ExchangeView, PeerExchange } from '../http/exchange-view.ts';
import { encodeMetadataFrame, type PeerTold } from '../tcp/metadata-frame.ts';
import type { Host } from '../upstream/host.ts';

/** What metrics tell of a workload. Values that are not known are `''`. */
export interface Workload {
  readonly name: string;
  readonly namespace: string;
  readonly app: string;
  readonly version: string;
  readonly canonicalService: string;
  readonly canonicalRevision: string;
  readonly cluster: string;
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The exchanged form, for logs. */
  readonly struct: Struct;
}

const idHeader = 'x-envoy-peer-metadata-id';
const metadataHeader = 'x-envoy-peer-metadata';
const maxHeaderBytes = 16 * 1024;
const rememberedPeers = 1000;

/** The workload that a node's metadata describes. */
export function workloadOfNode(node: NodeJson): Workload {
  const metadata = (node.metadata ?? {}) as Record<string, unknown>;
  const labels = asRecord(metadata.LABELS);
  const name = text(metadata.WORKLOAD_NAME) || text(metadata.NAME);
  const struct = fromJson(StructSchema, {
    NAME: text(metadata.NAME),
    NAMESPACE: text(metadata.NAMESPACE),
    WORKLOAD_NAME: name,
    CLUSTER_ID: text(metadata.CLUSTER_ID),
    LABELS: exchangedLabels(labels),
  });
  return describe(struct, node.id ?? '');
}

function exchangedLabels(labels: Record<string, unknown>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels)) {
    if (labelKeys.includes(key)) kept[key] = text(value);
  }
  return kept;
}

const labelKeys = [
  'app',
  'app.kubernetes.io/name',
  'app.kubernetes.io/version',
  'service.istio.io/canonical-name',
  'service.istio.io/canonical-revision',
  'version',
];

function describe(struct: Struct, id: string): Workload {
  const json = toJson(StructSchema, struct) as Record<string, unknown>;
  const labels = asRecord(json.LABELS);
  const name = text(json.WORKLOAD_NAME);
  const app = text(labels.app) || text(labels['app.kubernetes.io/name']);
  const version = text(labels.version) || text(labels['app.kubernetes.io/version']);
  return {
    name,
    namespace: text(json.NAMESPACE),
    app,
    version,
    canonicalService: text(labels['service.istio.io/canonical-name']) || app || name,
    canonicalRevision: text(labels['service.istio.io/canonical-revision']) || version,
    cluster: text(json.CLUSTER_ID),
    id,
    labels: exchangedLabels(labels),
    struct,
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

const workloadByEndpoint = new WeakMap<EndpointPlan, Workload | null>();

/** The workload that a control plane names in an endpoint's metadata, for peers that told nothing themselves. */
export function workloadOfHost(host: Host | null): Workload | null {
  if (host === null) return null;
  const { endpoint } = host;
  const known = workloadByEndpoint.get(endpoint);
  if (known !== undefined) return known;
  const workload = workloadOfText(endpoint.metadata.istio?.workload);
  workloadByEndpoint.set(endpoint, workload);
  return workload;
}

/** `workload;namespace;canonical service;canonical revision;cluster`. */
function workloadOfText(value: unknown): Workload | null {
  if (typeof value !== 'string') return null;
  const [name = '', namespace = '', service = '', revision = '', cluster = ''] = value.split(';');
  const labels = { app: service, version: revision };
  return describe(
    fromJson(StructSchema, { NAMESPACE: namespace, WORKLOAD_NAME: name, CLUSTER_ID: cluster, LABELS: labels }),
    `${name}.${namespace}`,
  );
}

interface Directions {
  readonly downstream: boolean;
  readonly upstream: boolean;
}

const neither: Directions = { downstream: false, upstream: false };

/** Istio's exchange of workload metadata through headers: taken off and never shown to applications. */
export class PeerMetadata implements PeerExchange {
  readonly own: Workload;
  #ownHeader: string;
  #frame: Buffer | null = null;
  #directions: WeakMap<HttpConnectionManagerPlan, Directions> = new WeakMap();
  #known: Map<string, Workload | null> = new Map();

  constructor(node: NodeJson) {
    this.own = workloadOfNode(node);
    this.#ownHeader = Buffer.from(toBinary(StructSchema, this.own.struct)).toString('base64');
  }

  /** What a connection begins with towards a peer that exchanges metadata over TCP. */
  get frame(): Buffer {
    this.#frame ??= encodeMetadataFrame(this.own.struct, this.own.id);
    return this.#frame;
  }

  /** The workload that a peer told of itself over TCP. */
  workloadOf({ metadata, id }: PeerTold): Workload {
    return describe(metadata, id);
  }

  onRequest(exchange: ExchangeView): void {
    if (!this.#of(exchange).downstream) return;
    const { headers } = exchange.head;
    const encoded = headers.get(metadataHeader);
    if (encoded === undefined) return;
    exchange.downstreamPeer = this.#decode(encoded, headers.get(idHeader) ?? '');
    exchange.expectsPeerMetadata = true;
    headers.remove(metadataHeader);
    headers.remove(idHeader);
  }

  beforeUpstream(exchange: ExchangeView): void {
    if (!this.#of(exchange).upstream) return;
    const { headers } = exchange.head;
    headers.set(metadataHeader, this.#ownHeader);
    headers.set(idHeader, this.own.id);
  }

  onResponse(exchange: ExchangeView): void {
    const headers = exchange.responseHeaders;
    if (headers === null) return;
    const directions = this.#of(exchange);
    const encoded = headers.get(metadataHeader);
    if (encoded !== undefined) {
      if (directions.upstream) exchange.upstreamPeer = this.#decode(encoded, headers.get(idHeader) ?? '');
      headers.remove(metadataHeader);
      headers.remove(idHeader);
    }
  }

  /** Adds this proxy's metadata to an answer, for a peer that told its own. */
  onAnswer(exchange: ExchangeView): void {
    const headers = exchange.responseHeaders;
    if (headers === null || !exchange.expectsPeerMetadata) return;
    headers.set(metadataHeader, this.#ownHeader);
    headers.set(idHeader, this.own.id);
  }

  #of(exchange: ExchangeView): Directions {
    const { manager, direction } = exchange.origin;
    const known = this.#directions.get(manager);
    if (known !== undefined) return known;
    const found = directionsOf(manager, direction);
    this.#directions.set(manager, found);
    return found;
  }

  #decode(encoded: string, id: string): Workload | null {
    const known = this.#known.get(encoded);
    if (known !== undefined) return known;
    if (encoded.length > maxHeaderBytes) return null;
    const workload = decodeWorkload(encoded, id);
    if (this.#known.size >= rememberedPeers) this.#known.clear();
    this.#known.set(encoded, workload);
    return workload;
  }
}

function decodeWorkload(encoded: string, id: string): Workload | null {
  try {
    return describe(fromBinary(StructSchema, Buffer.from(encoded, 'base64')), id);
  } catch {
    return null;
  }
}

function directionsOf(manager: HttpConnectionManagerPlan, direction: string): Directions {
  for (const { config } of manager.filters) {
    if (config.kind !== 'peerMetadata') continue;
    return { downstream: 'downstreamDiscovery' in config.config, upstream: 'upstreamDiscovery' in config.config };
  }
  const hasStats = manager.filters.some(({ config }) => config.kind === 'istioStats');
  if (!hasStats) return neither;
  return { downstream: direction === 'INBOUND', upstream: direction !== 'INBOUND' };
}
