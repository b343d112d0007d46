import { type Document, isMap, isScalar, isSeq, parseDocument } from 'yaml';

export const actions = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'] as const;
type PolicyAction = (typeof actions)[number];

export const sourceFields = ['principals', 'requestPrincipals', 'namespaces', 'serviceAccounts', 'ipBlocks', 'remoteIpBlocks'] as const;
export const operationFields = ['hosts', 'ports', 'methods', 'paths'] as const;

/** A list of values by field; `not…` fields included. */
export type FieldValues = Readonly<Record<string, readonly string[]>>;

export interface Condition {
  readonly key: string;
  readonly values: readonly string[];
  readonly notValues: readonly string[];
}

export interface PolicyRule {
  readonly from: readonly FieldValues[];
  readonly to: readonly FieldValues[];
  readonly when: readonly Condition[];
}

/** What an AuthorizationPolicy document says, for the visual editor. */
export interface PolicyModel {
  readonly name: string;
  readonly namespace: string;
  readonly action: PolicyAction;
  readonly provider: string;
  /** Null: every workload of the namespace. */
  readonly selector: Readonly<Record<string, string>> | null;
  readonly rules: readonly PolicyRule[];
}

export type Path = readonly (string | number)[];

/** Reads the document for the visual editor, or says why it cannot. */
export function readPolicy(text: string): { readonly model: PolicyModel } | { readonly problem: string } {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) return { problem: `The YAML cannot be read: ${error.message.split('\n')[0] ?? ''}` };
  if (!isMap(document.contents)) return { problem: 'The document is empty, or not a mapping.' };
  const kind = document.get('kind');
  if (kind !== 'AuthorizationPolicy') return { problem: `The document is a ${String(kind)}, not an AuthorizationPolicy.` };
  const data = document.toJS() as Record<string, unknown>;
  const spec = record(data.spec);
  const action = String(spec.action ?? 'ALLOW');
  if (!isAction(action)) return { problem: `The action is ${action}; the visual editor knows ${actions.join(', ')}.` };
  const selector = spec.selector === undefined ? null : strings(record(record(spec.selector).matchLabels));
  return {
    model: {
      name: String(record(data.metadata).name ?? ''),
      namespace: String(record(data.metadata).namespace ?? ''),
      action,
      provider: String(record(spec.provider).name ?? ''),
      selector,
      rules: list(spec.rules).map(readRule),
    },
  };
}

function isAction(text: string): text is PolicyAction {
  return (actions as readonly string[]).includes(text);
}

function readRule(rule: unknown): PolicyRule {
  const { from, to, when } = record(rule);
  return {
    from: list(from).map((entry) => fieldValues(record(entry).source)),
    to: list(to).map((entry) => fieldValues(record(entry).operation)),
    when: list(when).map((entry) => ({
      key: String(record(entry).key ?? ''),
      values: list(record(entry).values).map(String),
      notValues: list(record(entry).notValues).map(String),
    })),
  };
}

function fieldValues(value: unknown): FieldValues {
  return Object.fromEntries(Object.entries(record(value)).map(([name, values]) => [name, list(values).map(String)]));
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function strings(value: Record<string, unknown>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Sets what stands at a path; comments, order and quoting of everything else stay. `undefined` removes it, and containers left empty by that. */
export function setAt(text: string, path: Path, value: unknown): string {
  const document = parseDocument(text);
  unfoldEmpty(document, path);
  if (value === undefined) removeAt(document, path);
  else if (Array.isArray(value) && isSeq(document.getIn(path))) mergeSequence(document, path, value);
  else document.setIn(path, document.createNode(value));
  return print(document);
}

/** Appends to the list at a path, which is made when there is none. */
export function appendAt(text: string, path: Path, value: unknown): string {
  const document = parseDocument(text);
  unfoldEmpty(document, path);
  if (isSeq(document.getIn(path))) document.addIn(path, document.createNode(value));
  else document.setIn(path, document.createNode([value]));
  return print(document);
}

/** `{}` and `[]` are how empty collections have to be written; with entries, block style reads better. */
function unfoldEmpty(document: Document, path: Path): void {
  for (let length = 1; length <= path.length; length += 1) {
    const node = document.getIn(path.slice(0, length));
    if ((isMap(node) || isSeq(node)) && node.items.length === 0) node.flow = false;
  }
}

function print(document: Document): string {
  return document.toString({ lineWidth: 0 });
}

function removeAt(document: Document, path: Path): void {
  document.deleteIn(path);
  // `from: []` means something else than no `from`, so lists and wrappers that became empty go too; a rule itself stays.
  const parent = path.slice(0, -1);
  const isRule = parent.length === 3 && parent[1] === 'rules';
  if (parent.length <= 1 || isRule) return;
  const node = document.getIn(parent);
  if ((isSeq(node) || isMap(node)) && node.items.length === 0 && typeof path.at(-1) === 'number') removeAt(document, parent);
}

/** Keeps the items that stay, with their comments, and adds the new ones behind. */
function mergeSequence(document: Document, path: Path, values: readonly unknown[]): void {
  const sequence = document.getIn(path);
  if (!isSeq(sequence)) return;
  const isKept = (item: unknown) => isScalar(item) && values.includes(String(item.value));
  const present = new Set(sequence.items.filter(isKept).map((item) => (isScalar(item) ? String(item.value) : '')));
  sequence.items = sequence.items.filter(isKept);
  for (const value of values) if (!present.has(String(value))) sequence.add(document.createNode(value));
}
