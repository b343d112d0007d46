import { type LogThreshold, logThresholds } from '../log.ts';
import type { ProxyInside } from './proxy-inside.ts';

/** The one logger that this proxy has: all parts write to it. */
const loggerName = 'weft';

const usage = [
  'usage: /logging?<name>=<level> (change single level)',
  'usage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)',
  'usage: /logging?level=<level> (change all levels)',
  'usage: /logging?group=<group_name>:<level> (change group of loggers)',
  'levels: trace debug info warning error critical off',
].join('\n');

/** `POST /logging`: changes the level where the query says so, and tells it. */
export function answerLogging(proxy: ProxyInside, query: URLSearchParams): { readonly status: number; readonly body: string } {
  const wishes = [...query].flatMap(([name, value]) => wishesOf(name, value));
  for (const { name, level } of wishes) {
    if (name !== null && name !== loggerName) return refuse('unknown logger name');
    if (!isThreshold(level)) return refuse('unknown logger level');
  }
  for (const { level } of wishes) if (isThreshold(level)) proxy.logThreshold = level;
  return { status: 200, body: `active loggers:\n  ${loggerName}: ${proxy.logThreshold}\n` };
}

interface Wish {
  /** Null for all loggers. */
  readonly name: string | null;
  readonly level: string;
}

function wishesOf(name: string, value: string): Wish[] {
  if (name === 'level') return value === '' ? [] : [{ name: null, level: value }];
  if (name !== 'paths' && name !== 'group') return [{ name, level: value }];
  return value.split(',').map((pair) => {
    const [logger = '', level = ''] = pair.split(':');
    return { name: logger, level };
  });
}

function isThreshold(level: string): level is LogThreshold {
  return (logThresholds as readonly string[]).includes(level);
}

function refuse(why: string): { readonly status: number; readonly body: string } {
  return { status: 400, body: `error: ${why}\n\n${usage}\n` };
}
