import type { DurationText } from './duration-text.ts';
import type { ServiceProvider } from './service-provider.ts';
import type { OpenTelemetryTracing, SkyWalkingTracing, TracingService, ZipkinTracing } from './tracing-providers.ts';

/** A provider that Telemetry, AuthorizationPolicy (CUSTOM) and `defaultProviders` refer to by name; exactly one field besides `name` is set. */
export interface ExtensionProvider {
  readonly name?: string;
  readonly envoyExtAuthzHttp?: EnvoyExtAuthzHttp;
  readonly envoyExtAuthzGrpc?: EnvoyExtAuthzGrpc;
  readonly zipkin?: ZipkinTracing;
  readonly lightstep?: TracingService & { readonly accessToken?: string };
  readonly datadog?: TracingService;
  readonly stackdriver?: Readonly<Record<string, unknown>>;
  readonly opencensus?: ServiceProvider;
  readonly skywalking?: SkyWalkingTracing;
  readonly opentelemetry?: OpenTelemetryTracing;
  readonly prometheus?: Readonly<Record<string, unknown>>;
  readonly envoyFileAccessLog?: {
    readonly path?: string;
    readonly logFormat?: AccessLogFormat;
    readonly omitEmptyValues?: boolean;
  };
  readonly envoyHttpAls?: EnvoyAccessLogService;
  readonly envoyTcpAls?: EnvoyAccessLogService;
  readonly envoyOtelAls?: ServiceProvider & { readonly logName?: string; readonly logFormat?: AccessLogFormat };
  readonly sds?: { readonly name?: string; readonly service?: string; readonly port?: number };
}

/** The form of access log lines: text, or labels of a structured line. */
export interface AccessLogFormat {
  readonly text?: string;
  readonly labels?: Readonly<Record<string, unknown>>;
}

/** A service that takes access log entries by Envoy's gRPC protocol. */
export interface EnvoyAccessLogService extends ServiceProvider {
  readonly logName?: string;
  readonly filterStateObjectsToLog?: readonly string[];
  readonly additionalRequestHeadersToLog?: readonly string[];
  readonly additionalResponseHeadersToLog?: readonly string[];
  readonly additionalResponseTrailersToLog?: readonly string[];
}

/** An authorization service that is asked over HTTP. */
export interface EnvoyExtAuthzHttp extends ServiceProvider {
  readonly timeout?: DurationText;
  readonly pathPrefix?: string;
  readonly failOpen?: boolean;
  readonly clearRouteCache?: boolean;
  readonly statusOnError?: string;
  readonly includeHeadersInCheck?: readonly string[];
  readonly includeRequestHeadersInCheck?: readonly string[];
  readonly includeAdditionalHeadersInCheck?: Readonly<Record<string, string>>;
  readonly includeRequestBodyInCheck?: RequestBodyInCheck;
  readonly headersToUpstreamOnAllow?: readonly string[];
  readonly headersToDownstreamOnAllow?: readonly string[];
  readonly headersToDownstreamOnDeny?: readonly string[];
}

/** An authorization service that is asked over gRPC. */
export interface EnvoyExtAuthzGrpc extends ServiceProvider {
  readonly timeout?: DurationText;
  readonly failOpen?: boolean;
  readonly clearRouteCache?: boolean;
  readonly statusOnError?: string;
  readonly includeRequestBodyInCheck?: RequestBodyInCheck;
}

/** How much of a request body an authorization service is given. */
export interface RequestBodyInCheck {
  readonly maxRequestBytes?: number;
  readonly allowPartialMessage?: boolean;
  readonly packAsBytes?: boolean;
}
