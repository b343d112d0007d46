import { stableHash } from '@weft/core/base/stable-hash';
import type { TracingProviderPlan } from '@weft/core/plan/tracing-plan';
import type { ExporterEnvironment } from './exporter-environment.ts';
import { OtlpExporter } from './otlp-exporter.ts';
import type { SpanExporter } from './span.ts';
import { ZipkinExporter } from './zipkin-exporter.ts';

/** The exporters in use, one for equal providers. */
export class SpanExporters {
  #environment: ExporterEnvironment;
  #byProvider: Map<string, SpanExporter> = new Map();

  constructor(environment: ExporterEnvironment) {
    this.#environment = environment;
  }

  of(provider: Exclude<TracingProviderPlan, { kind: 'unsupported' }>): SpanExporter {
    const key = stableHash(provider);
    let exporter = this.#byProvider.get(key);
    if (exporter === undefined) {
      exporter =
        provider.kind === 'zipkin' ? new ZipkinExporter(provider, this.#environment) : new OtlpExporter(provider, this.#environment);
      this.#byProvider.set(key, exporter);
    }
    return exporter;
  }

  close(): void {
    for (const exporter of this.#byProvider.values()) exporter.close();
    this.#byProvider.clear();
  }
}
