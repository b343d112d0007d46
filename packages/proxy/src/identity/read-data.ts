import { readFileSync } from 'node:fs';
import type { DataSourcePlan } from '@weft/core/plan/tls-plan';

/** The bytes of a data source; undefined for none. Throws when a file cannot be read. */
export function readData(source: DataSourcePlan | null): Buffer | undefined {
  if (source === null) return undefined;
  if (source.kind === 'inline') return Buffer.from(source.bytes);
  if (source.kind === 'file') return readFileSync(source.path);
  return Buffer.from(process.env[source.variable] ?? '');
}
