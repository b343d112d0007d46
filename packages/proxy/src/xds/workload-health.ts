import type { NodeJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import { ask, type ReadinessProbe } from './readiness-probe.ts';

const defaultPeriodSeconds = 10;

/**
 * Watches the application beside the proxy with the `readinessProbe` of the proxy's configuration, as Istio's agent does. An application counts as
 * ill until it is found well; each change, and nothing else, is told. More than the probe may be asked before it counts as well.
 */
export class WorkloadHealth {
  readonly #probe: ReadinessProbe;
  readonly #tell: (problem: string | null) => void;
  readonly #ask: () => Promise<string | null>;
  #timer: NodeJS.Timeout;
  #isStopped = false;
  #isWell = false;
  /** Answers in a row that speak for a change. */
  #streak = 0;

  constructor(probe: ReadinessProbe, tell: (problem: string | null) => void, question: () => Promise<string | null> = () => ask(probe)) {
    this.#probe = probe;
    this.#tell = tell;
    this.#ask = question;
    this.#timer = setTimeout(() => void this.#check(), (probe.initialDelaySeconds ?? 0) * 1000).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #check(): Promise<void> {
    const startedAt = performance.now();
    const problem = await this.#ask();
    if (this.#isStopped) return;
    this.#judge(problem);
    const periodMs = (this.#probe.periodSeconds || defaultPeriodSeconds) * 1000;
    this.#timer = setTimeout(() => void this.#check(), Math.max(0, periodMs - (performance.now() - startedAt))).unref();
  }

  #judge(problem: string | null): void {
    const isWell = problem === null;
    this.#streak = isWell === this.#isWell ? 0 : this.#streak + 1;
    const { successThreshold, failureThreshold } = this.#probe;
    if (this.#streak === 0 || this.#streak < ((isWell ? successThreshold : failureThreshold) || 1)) return;
    this.#isWell = isWell;
    this.#streak = 0;
    this.#tell(problem);
  }
}

/** The probe in a node's `PROXY_CONFIG`; null without one. */
export function readinessProbeOf({ metadata }: NodeJson): ReadinessProbe | null {
  const config = metadata?.PROXY_CONFIG;
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return null;
  const { readinessProbe } = config;
  return typeof readinessProbe === 'object' && readinessProbe !== null && !Array.isArray(readinessProbe)
    ? (readinessProbe as unknown as ReadinessProbe)
    : null;
}
