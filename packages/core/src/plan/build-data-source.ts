import type { DataSourceJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import { bytesOfBase64, bytesOfText } from './read.ts';
import type { DataSourcePlan } from './tls-plan.ts';

/** Where bytes come from; null when nothing is set. */
export function buildDataSource(json: DataSourceJson | undefined): DataSourcePlan | null {
  if (json?.filename !== undefined) return { kind: 'file', path: json.filename, watchedDirectory: json.watchedDirectory?.path ?? null };
  if (json?.environmentVariable !== undefined) return { kind: 'environment', variable: json.environmentVariable };
  if (json?.inlineString !== undefined || json?.inlineBytes !== undefined) return { kind: 'inline', bytes: bytesOfData(json) };
  return null;
}

/** Inline bytes; none for files and variables, which only a process can read. */
export function bytesOfData(json: DataSourceJson | undefined): Uint8Array {
  if (json?.inlineString !== undefined) return bytesOfText(json.inlineString);
  return json?.inlineBytes === undefined ? new Uint8Array() : bytesOfBase64(json.inlineBytes);
}
