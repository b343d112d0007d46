import { getHeapSnapshot } from 'node:v8';

interface SnapshotJson {
  readonly snapshot: { readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly [readonly string[]] } };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

/** How many objects of each class, closures of each function and native objects of each kind are reachable, after a full collection. */
export async function heapCensus(): Promise<ReadonlyMap<string, number>> {
  const chunks: Buffer[] = [];
  for await (const chunk of getHeapSnapshot()) chunks.push(chunk);
  const { snapshot, nodes, strings } = JSON.parse(Buffer.concat(chunks).toString()) as SnapshotJson;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [typeAt, nameAt] = [fields.indexOf('type'), fields.indexOf('name')];
  const counts = new Map<string, number>();
  for (let node = 0; node < nodes.length; node += fields.length) {
    const type = types[0][nodes[node + typeAt] ?? -1] ?? '';
    if (!counted.has(type)) continue;
    const key = `${type} ${strings[nodes[node + nameAt] ?? -1] ?? ''}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Kinds of which there are more by at least so many, with how many more. */
export function grown(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, atLeast: number): readonly string[] {
  return [...after].flatMap(([key, count]) => {
    const more = count - (before.get(key) ?? 0);
    return more >= atLeast ? [`${key} +${more}`] : [];
  });
}

/** Not strings (a name each), code and what V8 keeps about it: those grow while functions are compiled. */
const counted: ReadonlySet<string> = new Set(['object', 'closure', 'native', 'regexp', 'bigint', 'symbol']);
