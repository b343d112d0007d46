import type { MetadataTest } from './build-matcher.ts';
import type { FormatOutput, FormatPlan } from './format-plan.ts';
import type { Fraction, HeaderMatcher } from './matcher.ts';

/** A comparison of Envoy's access log filters: `GE`, `EQ`, `LE` or `NE`. */
export interface ComparisonPlan {
  readonly op: 'EQ' | 'GE' | 'LE' | 'NE';
  readonly value: number;
}

/** When a log entry is written. */
export type AccessLogFilterPlan =
  | { readonly kind: 'statusCode' | 'durationMs'; readonly comparison: ComparisonPlan }
  | { readonly kind: 'notHealthCheck' | 'traceable' }
  | { readonly kind: 'runtime'; readonly fraction: Fraction; readonly useIndependentRandomness: boolean }
  | { readonly kind: 'and' | 'or'; readonly filters: readonly AccessLogFilterPlan[] }
  | { readonly kind: 'header'; readonly header: HeaderMatcher }
  | { readonly kind: 'responseFlag'; readonly flags: readonly string[] }
  | { readonly kind: 'grpcStatus'; readonly statuses: readonly string[]; readonly exclude: boolean }
  /** Passes what the test holds for, and what has no such metadata where `passesWithout`. */
  | { readonly kind: 'metadata'; readonly test: MetadataTest | null; readonly passesWithout: boolean }
  | { readonly kind: 'logType'; readonly types: readonly string[]; readonly exclude: boolean }
  /** `matches` takes the CEL activation (Envoy's attributes as nested objects) and is false on an evaluation error. */
  | { readonly kind: 'cel'; readonly expression: string; readonly matches: (activation: Readonly<Record<string, unknown>>) => boolean };

/** Shared settings of Envoy's gRPC access loggers. */
export interface GrpcLogPlan {
  readonly logName: string;
  readonly cluster: string;
  readonly authority: string;
  readonly bufferFlushIntervalMs: number;
  readonly bufferSizeBytes: number;
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  readonly responseTrailers: readonly string[];
  readonly filterStateObjects: readonly string[];
  readonly customTags: readonly unknown[];
}

/** One access logger. */
export type AccessLogPlan = { readonly name: string; readonly filter: AccessLogFilterPlan | null } & (
  | { readonly kind: 'file'; readonly path: string; readonly output: FormatOutput }
  | { readonly kind: 'stdout' | 'stderr'; readonly output: FormatOutput }
  | { readonly kind: 'grpcHttp' | 'grpcTcp'; readonly grpc: GrpcLogPlan }
  | {
      readonly kind: 'openTelemetry';
      readonly grpc: GrpcLogPlan;
      readonly body: FormatPlan | null;
      readonly attributes: readonly (readonly [name: string, format: FormatPlan])[];
      /** Whether Envoy's own labels (log, zone, cluster, node) stand before the resource attributes. */
      readonly hasBuiltinLabels: boolean;
      readonly resourceAttributes: readonly (readonly [name: string, value: string])[];
    }
  | { readonly kind: 'unsupported'; readonly typeUrl: string }
);
