import type { GrpcServiceJson } from '@weft/envoy-api/envoy/config/core/v3/grpc_service_pb';

/** A gRPC source of its own, beside the aggregated stream. */
export interface GrpcSource {
  readonly kind: 'grpc';
  readonly service: GrpcServiceJson;
  readonly isDelta: boolean;
  readonly nodeOnFirstMessageOnly: boolean;
}

/** A file that is read again whenever it is replaced. */
export interface PathSource {
  readonly kind: 'path';
  readonly path: string;
  /** Directory whose changes announce a new file; the file's own where null. */
  readonly watchedDirectory: string | null;
}

/** Where a resource is to come from, as a `ConfigSource` of xDS says. */
export interface ConfigSource {
  readonly from: { readonly kind: 'ads' } | GrpcSource | PathSource | { readonly kind: 'unsupported'; readonly why: string };
  /** How long to wait for the first answer before going on without; 0 = for ever. */
  readonly fetchTimeoutMs: number;
  /** Equal for equal sources. */
  readonly key: string;
}

/** The parts of `ConfigSource` and `ApiConfigSource` that are read. */
export interface ConfigSourceShape {
  readonly ads?: object;
  readonly self?: object;
  readonly path?: string;
  readonly pathConfigSource?: { readonly path?: string; readonly watchedDirectory?: { readonly path?: string } };
  readonly apiConfigSource?: ApiSourceShape;
  readonly initialFetchTimeout?: string;
}

/** One gRPC or REST source as xDS writes it. */
export interface ApiSourceShape {
  readonly apiType?: string;
  readonly grpcServices?: readonly GrpcServiceJson[];
  readonly setNodeOnFirstMessageOnly?: boolean;
}

const defaultFetchTimeoutMs = 15_000;

/** Reads a config source. `self` means the stream that named the resource, which is the aggregated one wherever Istio uses it. */
export function readConfigSource(json: ConfigSourceShape): ConfigSource {
  const from = originOf(json);
  const fetchTimeoutMs =
    json.initialFetchTimeout === undefined ? defaultFetchTimeoutMs : Number.parseFloat(json.initialFetchTimeout) * 1000;
  return { from, fetchTimeoutMs, key: JSON.stringify(from) };
}

/** The aggregated stream, asked for without a time limit of its own. */
export const adsSource: ConfigSource = readConfigSource({ ads: {} });

function originOf(json: ConfigSourceShape): ConfigSource['from'] {
  if (json.ads !== undefined || json.self !== undefined) return { kind: 'ads' };
  const path = json.pathConfigSource?.path ?? json.path;
  if (path !== undefined) return { kind: 'path', path, watchedDirectory: json.pathConfigSource?.watchedDirectory?.path ?? null };
  const api = json.apiConfigSource;
  if (api === undefined) return { kind: 'unsupported', why: 'a config source needs ads, self, api_config_source or path_config_source' };
  return grpcSource(api) ?? { kind: 'unsupported', why: `api_type ${api.apiType ?? 'REST'} is not supported: want GRPC or DELTA_GRPC` };
}

/** The gRPC source that an API source describes; null for REST and for one without a service. */
export function grpcSource(api: ApiSourceShape): GrpcSource | null {
  const service = api.grpcServices?.[0];
  const isDelta = api.apiType === 'DELTA_GRPC';
  if (service === undefined || !(isDelta || api.apiType === 'GRPC')) return null;
  return { kind: 'grpc', service, isDelta, nodeOnFirstMessageOnly: api.setNodeOnFirstMessageOnly ?? false };
}
