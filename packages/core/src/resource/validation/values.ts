import { RE2JS } from 're2js';
import { parseDurationMs } from '../../base/durations.ts';

// Values as Istio checks them. Each function answers what is wrong, or null.

const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: header values must not hold control characters other than tabs
const headerValue = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/;
const maxRegexLength = 1024;

/** What is wrong with a duration that must be at least a millisecond, in whole milliseconds. */
export function checkDuration(text: string | null | undefined): string | null {
  if (text === undefined || text === null) return null;
  const ms = parseDurationMs(text);
  if (ms === null) return `expected a duration such as 5s or 250ms, found "${text}"`;
  if (ms < 1) return `expected a duration of at least 1ms, found "${text}"`;
  return Number.isInteger(ms) ? null : `expected whole milliseconds, found "${text}"`;
}

/** The same, but zero is allowed: it switches the limit off. */
export function checkDurationOrZero(text: string | null | undefined): string | null {
  return text !== undefined && text !== null && parseDurationMs(text) === 0 ? null : checkDuration(text);
}

/** What is wrong with a regular expression: Istio takes RE2 syntax of at most 1024 characters. */
export function checkRegex(pattern: string): string | null {
  if (pattern === '') return 'a regular expression must not be empty';
  if (pattern.length > maxRegexLength) return `a regular expression has at most ${maxRegexLength} characters, found ${pattern.length}`;
  try {
    RE2JS.compile(pattern);
    return null;
  } catch (error) {
    return `not a regular expression in RE2 syntax: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** What is wrong with the name of an HTTP header, a token of RFC 9110. */
export function checkHeaderName(name: string | undefined): string | null {
  if (!name) return 'a header name must not be empty';
  return headerName.test(name) ? null : `"${name}" is no valid header name`;
}

/** What is wrong with the name of a header that Istio itself writes: letters, digits and dashes only, as in Kubernetes' probes. */
export function checkPlainHeaderName(name: string | undefined): string | null {
  if (!name) return 'a header name must not be empty';
  return /^[-A-Za-z0-9]+$/.test(name) ? null : `expected a header name of letters, digits and dashes, found "${name}"`;
}

/** Whether a header match reads a claim of the request's token: `@request.auth.claims.group`, `@request.auth.claims[a][b]`. */
export function isClaimHeader(name: string): boolean {
  const prefix = '@request.auth.claims';
  if (!name.toLowerCase().startsWith(prefix)) return false;
  const rest = name.slice(prefix.length);
  return (rest.startsWith('.') && rest.length > 1) || (rest.startsWith('[') && rest.endsWith(']') && rest.length > 2);
}

/** What is wrong with a header value, which may hold Envoy's `%COMMAND%` operators; a literal percent sign is `%%`. */
export function checkHeaderValue(value: string): string | null {
  if (!headerValue.test(value)) return `a header value must not hold control characters, found ${JSON.stringify(value)}`;
  return checkCommands(value) ? null : `unbalanced % in the header value "${value}": a literal percent sign is written %%`;
}

/** What is wrong with a share in percent: 0, or from 0.0001 to 100. */
export function checkPercent(value: number | null | undefined): string | null {
  if (value === undefined || value === null || value === 0 || (value >= 0.0001 && value <= 100)) return null;
  return `expected 0 or a percentage from 0.0001 to 100, found ${value}`;
}

/** What is wrong with a percentage that may have any fraction. */
export function checkWholePercent(value: number | null | undefined): string | null {
  return value === undefined || value === null || (value >= 0 && value <= 100)
    ? null
    : `expected a percentage from 0 to 100, found ${value}`;
}

/** What is wrong with the URL of a key set, a plugin or the like. */
export function checkUrl(text: string, schemes: readonly string[]): string | null {
  const match = /^([a-zA-Z][-a-zA-Z0-9+.]*):\/\/([^/?#]*)/.exec(text);
  const scheme = match?.[1]?.toLowerCase() ?? '';
  if (!match || !schemes.includes(scheme))
    return `expected a URL that begins with ${schemes.map((name) => `${name}://`).join(' or ')}, found "${text}"`;
  const port = /:([^\]:]*)$/.exec(match[2] ?? '')?.[1];
  if (port !== undefined && port !== '' && !(/^\d+$/.test(port) && Number(port) <= 65_535))
    return `"${port}" is no valid port in "${text}"`;
  return hasBrokenCharacters(text) ? `"${text}" is no valid URL` : null;
}

/** Whether a text has characters that no URL has: spaces, control characters, broken percent escapes. */
export function hasBrokenCharacters(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\u0000-\u0020\u007f]|%(?![0-9a-fA-F]{2})/.test(text);
}

type CommandState = 'literal' | 'name' | 'arguments' | 'array' | 'string' | 'item end' | 'arguments end' | 'command end';

/** Envoy's own state machine for header values with commands: answers whether it ends outside of a command. */
function checkCommands(value: string): boolean {
  let state: CommandState = 'literal';
  for (let at = 0; at < value.length; at++) {
    const character = value[at] ?? '';
    if (state === 'literal' && character === '%' && value[at + 1] === '%') at++;
    else if (state === 'string' && character === '\\') {
      if (++at >= value.length) return false;
    } else {
      const next = nextState(state, character);
      if (next === null) return false;
      state = next;
    }
  }
  return state === 'literal';
}

function nextState(state: CommandState, character: string): CommandState | null {
  const space = /\s/.test(character);
  switch (state) {
    case 'literal':
      return character === '%' ? 'name' : 'literal';
    case 'name':
      return character === '%' ? 'literal' : character === '(' ? 'arguments' : 'name';
    case 'arguments':
      return character === '[' ? 'array' : space ? state : character === ')' ? 'command end' : 'string';
    case 'array':
      return character === '"' ? 'string' : space ? state : null;
    case 'string':
      return character === '"' ? 'item end' : character === ')' ? 'command end' : 'string';
    case 'item end':
      return character === ',' ? 'array' : character === ']' ? 'arguments end' : space ? state : null;
    case 'arguments end':
      return character === ')' ? 'command end' : space ? state : null;
    case 'command end':
      return character === '%' ? 'literal' : space ? state : null;
  }
}
