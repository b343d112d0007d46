import { envoyPrefix, type Headers } from './headers.ts';

const slotsPerField = 4;

/** The bit of a set of name lengths, modulo 32: most names that are asked for are absent, and few of those share a length with one there. */
export function lengthBit(length: number): number {
  return 1 << (length & 31);
}

/**
 * The fields of an HTTP/1.1 head as they came: one string and the positions in it, so that an unchanged run of lines is forwarded
 * without being taken apart. Removals are marks, additions a list behind. Filled by the head parser, reused for the next message. Names are in
 * lower case unless `keepsCase`.
 */
export class WireHeaders implements Headers {
  text = '';
  count = 0;
  /** Lengths of all names, the added ones too, as `lengthBit`s. */
  nameLengths = 0;
  /**
   * Four positions in `text` per field: name start, name end, value start, value end; of a field that is taken out the last one is
   * complemented. A plain array, for most connections read few heads: a typed one of this size costs more than reading one.
   */
  readonly slots: number[] = [];
  readonly keepsCase: boolean;
  /** Where the first field line starts and the last one ends. */
  linesStart = 0;
  linesEnd = 0;
  #droppedCount = 0;
  #added: string[] = [];

  constructor(keepsCase = false) {
    this.keepsCase = keepsCase;
  }

  /** Empties it for the next head. */
  clear(): void {
    this.text = '';
    this.count = 0;
    this.nameLengths = 0;
    this.#droppedCount = 0;
    if (this.#added.length > 0) this.#added = [];
  }

  get(name: string): string | undefined {
    if ((this.nameLengths & lengthBit(name.length)) === 0) return undefined;
    let found: string | undefined;
    for (let i = 0; i < this.count; i++) {
      if (!this.#isNamed(i, name)) continue;
      const value = this.valueAt(i);
      found = found === undefined ? value : `${found},${value}`;
    }
    const added = this.#added;
    for (let i = 0; i < added.length; i += 2) {
      if (added[i] === name) found = found === undefined ? added[i + 1] : `${found},${added[i + 1]}`;
    }
    return found;
  }

  set(name: string, value: string): void {
    this.remove(name);
    this.add(name, value);
  }

  add(name: string, value: string): void {
    this.nameLengths |= lengthBit(name.length);
    this.#added.push(name, value);
  }

  remove(name: string): void {
    if ((this.nameLengths & lengthBit(name.length)) === 0) return;
    for (let i = 0; i < this.count; i++) if (this.#isNamed(i, name)) this.dropAt(i);
    const added = this.#added;
    for (let i = added.length - 2; i >= 0; i -= 2) if (added[i] === name) added.splice(i, 2);
  }

  mayHaveEnvoyNames(): boolean {
    if (this.keepsCase) return true;
    for (let i = 0; i < this.count; i++) if (this.text.startsWith(envoyPrefix, this.slots[i * slotsPerField])) return true;
    const added = this.#added;
    for (let i = 0; i < added.length; i += 2) if (added[i]?.startsWith(envoyPrefix) === true) return true;
    return false;
  }

  each(visit: (name: string, value: string) => void): void {
    for (let i = 0; i < this.count; i++) {
      if (this.#isDropped(i)) continue;
      visit(this.nameAt(i), this.valueAt(i));
    }
    const added = this.#added;
    for (let i = 0; i < added.length; i += 2) visit(added[i] ?? '', added[i + 1] ?? '');
  }

  toLines(): string {
    let text = this.#droppedCount === 0 ? this.text.substring(this.linesStart, this.linesEnd) : this.#keptLines();
    const added = this.#added;
    for (let i = 0; i < added.length; i += 2) {
      const name = added[i] ?? '';
      text += `${this.keepsCase ? this.spelling(name) : name}: ${added[i + 1]}\r\n`;
    }
    return text;
  }

  spelling(name: string): string {
    if (!this.keepsCase) return name;
    for (let i = 0; i < this.count; i++) {
      const at = i * slotsPerField;
      const spelled = this.text.substring(this.slots[at] ?? 0, this.slots[at + 1] ?? 0);
      if (spelled.length === name.length && lowerCaseName(spelled) === name) return spelled;
    }
    return name;
  }

  /** Takes one field of the head out. */
  dropAt(index: number): void {
    if (this.#isDropped(index)) return;
    const at = index * slotsPerField + 3;
    this.slots[at] = ~(this.slots[at] ?? 0);
    this.#droppedCount++;
  }

  valueAt(index: number): string {
    const at = index * slotsPerField;
    return this.text.substring(this.slots[at + 2] ?? 0, this.slots[at + 3] ?? 0);
  }

  nameAt(index: number): string {
    const at = index * slotsPerField;
    const name = this.text.substring(this.slots[at] ?? 0, this.slots[at + 1] ?? 0);
    return this.keepsCase ? lowerCaseName(name) : name;
  }

  #isDropped(index: number): boolean {
    return this.#droppedCount > 0 && (this.slots[index * slotsPerField + 3] ?? 0) < 0;
  }

  #isNamed(index: number, name: string): boolean {
    const at = index * slotsPerField;
    const start = this.slots[at] ?? 0;
    const length = (this.slots[at + 1] ?? 0) - start;
    if (length !== name.length) return false;
    if (this.#isDropped(index)) return false;
    const text = this.text;
    for (let i = 0; i < length; i++) {
      let code = text.charCodeAt(start + i);
      if (code >= 65 && code <= 90) code |= 32;
      if (code !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  #keptLines(): string {
    let kept = '';
    let runStart = this.linesStart;
    for (let i = 0; i < this.count; i++) {
      if (!this.#isDropped(i)) continue;
      const lineStart = this.slots[i * slotsPerField] ?? 0;
      if (lineStart > runStart) kept += this.text.substring(runStart, lineStart);
      runStart = i + 1 < this.count ? (this.slots[(i + 1) * slotsPerField] ?? 0) : this.linesEnd;
    }
    return this.linesEnd > runStart ? kept + this.text.substring(runStart, this.linesEnd) : kept;
  }
}

const lowerCaseNames = new Map<string, string>();
const rememberedNames = 4096;

/** Lower-cases a header name, remembering the usual ones. */
export function lowerCaseName(name: string): string {
  const known = lowerCaseNames.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (lowerCaseNames.size < rememberedNames && name.length <= 64) lowerCaseNames.set(name, lower);
  return lower;
}
