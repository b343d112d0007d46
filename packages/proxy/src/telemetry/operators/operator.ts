import type { LogEntry } from '../log-entry.ts';

/** What an operator came to: texts, numbers and objects keep their type in JSON; null and undefined are "missing". */
export type OperatorValue = string | number | object | null | undefined;

/** One command operator with its argument read. */
export type Operator = (entry: LogEntry) => OperatorValue;

/** Makes operators of their argument; `''` without parentheses. */
export type OperatorTable = Readonly<Record<string, (argument: string) => Operator>>;

/** An operator without an argument. */
export const plain = (operator: Operator) => (): Operator => operator;

/** `''` counts as missing. */
export function orMissing(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

/** `1.2.3.4:80`, `[::1]:80`. */
export function addressText(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}
