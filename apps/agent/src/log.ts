export type LogLevel = 'info' | 'warn' | 'error';

/** Writes one line; given by the composition root. */
export type Log = (level: LogLevel, message: string) => void;

/** Lines on stderr: `12:03:04.567 warn  agent  message`. */
export function stderrLog(component: string, clock: () => number = Date.now): Log {
  return (level, message) => {
    const time = new Date(clock()).toISOString().slice(11, 23);
    process.stderr.write(`${time} ${level.padEnd(5)} ${component}  ${message}\n`);
  };
}
