/** Sends a request body to a cluster; the answer does not matter. */
type SendToCollector = (request: {
  readonly cluster: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly timeoutMs: number;
}) => void;

/** What exporters know of the proxy. */
export interface ExporterEnvironment {
  readonly send: SendToCollector;
  /** `node.cluster`: the service a proxy stands for. */
  readonly nodeCluster: string;
  readonly hostAddress: string;
  readonly version: string;
  /** How long spans are held, and how many at most before they are sent. */
  readonly batching: (provider: 'opentelemetry' | 'zipkin') => { readonly intervalMs: number; readonly maxSpans: number };
}
