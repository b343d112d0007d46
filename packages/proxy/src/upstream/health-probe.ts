import type { CheckOutcome } from '@weft/core/engine/health-state';
import type { HealthCheckPlan } from '@weft/core/plan/cluster-plan';
import { GrpcProbe } from './grpc-probe.ts';
import { HttpProbe } from './http-probe.ts';
import { TcpProbe } from './tcp-probe.ts';
import type { UpstreamHost } from './upstream-host.ts';

/** Asks one host how it is. */
export interface Probe {
  /** Begins a check; `done` is called once, unless the probe is closed first. */
  run(done: (outcome: CheckOutcome) => void): void;
  /** Breaks a check off and closes its connection. */
  close(): void;
}

/** The probe of a checker for a host. */
export function createProbe(host: UpstreamHost, plan: HealthCheckPlan, clusterName: string): Probe {
  const { checker, reuseConnection } = plan;
  switch (checker.kind) {
    case 'http':
      return new HttpProbe(host, checker, { clusterName, reuseConnection });
    case 'grpc':
      return new GrpcProbe(host, checker, { clusterName, reuseConnection });
    case 'tcp':
      return new TcpProbe(host, checker, reuseConnection);
    case 'unsupported':
      return { run: (done) => done({ kind: 'failure', cause: 'active' }), close() {} };
  }
}
