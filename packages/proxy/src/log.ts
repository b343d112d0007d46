/** How much a proxy says on its log. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Receives log lines of a proxy. */
export type ProxyLog = (level: LogLevel, message: string) => void;

/** From which level on lines are written, by Envoy's names, most talkative first. */
export const logThresholds = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;

export type LogThreshold = (typeof logThresholds)[number];

const rankByLevel: Readonly<Record<LogLevel, number>> = { debug: 1, info: 2, warn: 3, error: 4 };

/** Whether lines of a level pass a threshold. */
export function passesThreshold(level: LogLevel, threshold: LogThreshold): boolean {
  return rankByLevel[level] >= logThresholds.indexOf(threshold);
}
