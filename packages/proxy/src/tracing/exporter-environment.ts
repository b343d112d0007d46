import type { SendToCollector } from '../http/collector-sender.ts';

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
