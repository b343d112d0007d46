/** How much a proxy says on its log. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** Receives log lines of a proxy. */
export type ProxyLog = (level: LogLevel, message: string) => void;
