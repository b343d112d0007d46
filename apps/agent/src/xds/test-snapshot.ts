import type { XdsKind } from '../api/types.ts';
import type { EncodedResource, EncodedSnapshot, EncodedType } from './types.ts';

/** A snapshot for tests, written as names with versions: `{ cds: { a: '1' } }`. Clusters get their endpoints by a name of their own. */
export function testSnapshot(types: Partial<Record<XdsKind, Readonly<Record<string, string>>>>, revision = 1): EncodedSnapshot {
  const of = (kind: XdsKind): EncodedType => typeOf(kind, types[kind] ?? {});
  return { revision, types: { cds: of('cds'), eds: of('eds'), lds: of('lds'), rds: of('rds'), sds: of('sds') } };
}

function typeOf(kind: XdsKind, versions: Readonly<Record<string, string>>): EncodedType {
  const resources = Object.entries(versions).map(([name, version]): [string, EncodedResource] => [
    name,
    { name, version, bytes: new Uint8Array(), ...(kind === 'cds' ? { endpointsName: name } : {}) },
  ]);
  return { version: JSON.stringify(versions), resources: new Map(resources) };
}
