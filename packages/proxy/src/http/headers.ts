/**
 * The header fields of one message, without pseudo headers and `host`. Names are matched in lower case. Two forms implement it: the bytes
 * of an HTTP/1.1 head kept as they came (`WireHeaders`), and a list of fields (`FieldHeaders`).
 */
export interface Headers {
  /** The value of a header given in lower case, several values joined with a comma; undefined where absent. */
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  add(name: string, value: string): void;
  remove(name: string): void;
  /** False when no name begins with `x-envoy-`: most messages have none, and need not be searched for each of those. */
  mayHaveEnvoyNames(): boolean;
  each(visit: (name: string, value: string) => void): void;
  /** The fields as HTTP/1.1 header lines, each ending in CRLF. */
  toLines(): string;
  /** Whether names are written as they came; otherwise they are lower case. */
  readonly keepsCase: boolean;
  /** How the message spelled a name given in lower case, where it keeps the case; the name itself otherwise. */
  spelling(name: string): string;
}

/** How the names of Envoy's own headers begin. */
export const envoyPrefix = 'x-envoy-';

/** Header fields as a flat list `name, value, name, value, …` with lower-case names. */
export class FieldHeaders implements Headers {
  readonly keepsCase = false;
  readonly fields: string[];

  constructor(fields: string[] = []) {
    this.fields = fields;
  }

  static from(source: Headers): FieldHeaders {
    const fields: string[] = [];
    source.each((name, value) => fields.push(name, value));
    return new FieldHeaders(fields);
  }

  get(name: string): string | undefined {
    const fields = this.fields;
    let found: string | undefined;
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] === name) found = found === undefined ? fields[i + 1] : `${found},${fields[i + 1]}`;
    }
    return found;
  }

  set(name: string, value: string): void {
    const fields = this.fields;
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] !== name) continue;
      fields[i + 1] = value;
      this.#removeFrom(name, i + 2);
      return;
    }
    fields.push(name, value);
  }

  add(name: string, value: string): void {
    this.fields.push(name, value);
  }

  remove(name: string): void {
    this.#removeFrom(name, 0);
  }

  mayHaveEnvoyNames(): boolean {
    const fields = this.fields;
    for (let i = 0; i < fields.length; i += 2) if (fields[i]?.startsWith(envoyPrefix) === true) return true;
    return false;
  }

  each(visit: (name: string, value: string) => void): void {
    const fields = this.fields;
    for (let i = 0; i < fields.length; i += 2) visit(fields[i] ?? '', fields[i + 1] ?? '');
  }

  toLines(): string {
    const fields = this.fields;
    let text = '';
    for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
    return text;
  }

  spelling(name: string): string {
    return name;
  }

  #removeFrom(name: string, start: number): void {
    const fields = this.fields;
    let kept = start;
    for (let i = start; i < fields.length; i += 2) {
      if (fields[i] === name) continue;
      fields[kept] = fields[i] ?? '';
      fields[kept + 1] = fields[i + 1] ?? '';
      kept += 2;
    }
    fields.length = kept;
  }
}

/** Header names and values may not hold what would end a line or a field elsewhere. */
export function isSafeHeaderValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 13 || code === 10 || code === 0) return false;
  }
  return true;
}
