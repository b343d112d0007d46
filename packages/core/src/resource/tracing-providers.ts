import type { DurationText } from './duration-text.ts';
import type { ServiceProvider } from './service-provider.ts';

/** A service that takes spans. */
export interface TracingService extends ServiceProvider {
  /** Longest path that a span tells, in characters. */
  readonly maxTagLength?: number;
}

/** A header that is sent along with spans; `envName` is a variable of the control plane's environment. */
export interface ProviderHeader {
  readonly name?: string;
  readonly value?: string;
  readonly envName?: string;
}

/** How a collector is called over HTTP. */
export interface HttpCollector {
  readonly path?: string;
  readonly timeout?: DurationText;
  readonly headers?: readonly ProviderHeader[];
}

export interface ZipkinTracing extends TracingService, HttpCollector {
  readonly enable64bitTraceId?: boolean;
  readonly traceContextOption?: string;
}

export interface SkyWalkingTracing extends ServiceProvider {
  readonly accessToken?: string;
}

export interface OpenTelemetryTracing extends TracingService {
  readonly http?: HttpCollector;
  readonly grpc?: { readonly timeout?: DurationText; readonly initialMetadata?: readonly ProviderHeader[] };
  readonly resourceDetectors?: { readonly environment?: object; readonly dynatrace?: object };
  readonly dynatraceSampler?: DynatraceSampler;
  readonly serviceAttributeEnrichment?: string;
}

/** Dynatrace says how many traces are wanted; without a service of its own it is asked where spans go. */
export interface DynatraceSampler {
  readonly tenant?: string;
  readonly clusterId?: number;
  readonly rootSpansPerMinute?: number;
  readonly httpService?: ServiceProvider & { readonly http?: HttpCollector };
}
