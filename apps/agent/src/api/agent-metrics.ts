import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The agent's own metrics. */
export function createAgentMetrics(read: {
  readonly connectedProxies: () => number;
  readonly series: () => number;
  readonly records: () => number;
  readonly revision: () => number;
}) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  };
  gauge('weft_proxies_connected', 'Proxies with an xDS stream.', read.connectedProxies);
  gauge('weft_telemetry_series', 'Sets of labels in the embedded series store.', read.series);
  gauge('weft_traffic_records', 'Traffic records kept.', read.records);
  gauge('weft_config_revision', 'Newest revision of the configuration.', read.revision);
  return {
    registry,
    pushSeconds: new Histogram({
      name: 'weft_push_duration_seconds',
      help: 'Time to compile, encode and hand out a configuration to all proxies.',
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [registry],
    }),
    convergenceSeconds: new Histogram({
      name: 'weft_proxy_convergence_seconds',
      help: 'Time from a push until the proxy has acknowledged all of it.',
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
      registers: [registry],
    }),
    nacks: new Counter({ name: 'weft_xds_nacks_total', help: 'Responses that proxies refused.', registers: [registry] }),
    certificates: new Counter({ name: 'weft_certificates_issued_total', help: 'Workload certificates issued.', registers: [registry] }),
  };
}
