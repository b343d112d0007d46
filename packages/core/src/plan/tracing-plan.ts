import type { FormatPlan } from './format-plan.ts';
import type { GrpcServicePlan } from './http-filter-plan.ts';
import type { Fraction } from './matcher.ts';

/** A tag that the configuration adds to spans; a tag without a value is left out. */
export type CustomTagPlan = { readonly name: string } & (
  | { readonly kind: 'fixed'; readonly value: string }
  | { readonly kind: 'header'; readonly header: string; readonly fallback: string }
  | {
      readonly kind: 'metadata';
      readonly source: 'request' | 'route' | 'cluster' | 'host';
      readonly namespace: string;
      readonly path: readonly string[];
      readonly fallback: string;
    }
  | { readonly kind: 'format'; readonly format: FormatPlan }
  | { readonly kind: 'environment'; readonly variable: string; readonly fallback: string }
);

/** A collector that is called over HTTP; its path begins with a slash. */
export interface HttpCollectorPlan {
  readonly cluster: string;
  readonly authority: string;
  readonly path: string;
  readonly timeoutMs: number;
  /** In lower case, over those that the exporter sets. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What adds to the resource that spans come from: `OTEL_RESOURCE_ATTRIBUTES` of the environment, or attributes as they are. */
export type ResourceDetectorPlan =
  | { readonly kind: 'environment' }
  | { readonly kind: 'static'; readonly attributes: readonly (readonly [name: string, value: string])[] };

/** Where spans go. */
export type TracingProviderPlan =
  | {
      readonly kind: 'zipkin';
      readonly collector: HttpCollectorPlan;
      readonly traceId128: boolean;
      readonly sharedSpanContext: boolean;
      readonly w3c: boolean;
    }
  | {
      readonly kind: 'openTelemetry';
      readonly grpc: GrpcServicePlan | null;
      readonly http: HttpCollectorPlan | null;
      readonly serviceName: string;
      readonly resource: readonly ResourceDetectorPlan[];
    }
  | { readonly kind: 'unsupported'; readonly typeUrl: string };

/** Sampling of traces, 0 … 1,000,000 each. */
export interface TracingSamplingPlan {
  readonly client: Fraction | null;
  readonly random: Fraction | null;
  readonly overall: Fraction | null;
  readonly customTags: readonly CustomTagPlan[];
}

/** Tracing of a connection manager. */
export interface TracingPlan extends TracingSamplingPlan {
  readonly provider: TracingProviderPlan | null;
  readonly verbose: boolean;
  readonly maxPathTagLength: number;
  readonly spawnUpstreamSpan: boolean;
  /** False: spans are made, but upstreams are not told of them. */
  readonly propagates: boolean;
}
