import { decodeResource } from '@weft/core/xds/codec';
import type { DiscoveryResponse } from './discovery-protocol.ts';
import { nameOf, type ResourceKind } from './resource-kinds.ts';
import type { Rejection, ResourceUpdate } from './resource-store.ts';

/** What a response changes, and which of its resources cannot be read. */
export interface ReadUpdate {
  readonly update: ResourceUpdate;
  readonly problems: readonly Rejection[];
  /** Resources that live on without a change. */
  readonly heartbeats: readonly string[];
}

/** Decodes a response; `known` are the names that a complete response removes by leaving them out. */
export function readUpdate(response: DiscoveryResponse, known: Iterable<string>): ReadUpdate {
  const set = new Map<string, object>();
  const versions = new Map<string, string>();
  const problems: Rejection[] = [];
  const heartbeats: string[] = [];
  for (const { name, version, typeUrl, value } of response.resources) {
    if (value === null) {
      heartbeats.push(name);
      continue;
    }
    try {
      const decoded = decodeResource(typeUrl, value) as object;
      set.set(nameOf(decoded), decoded);
      versions.set(nameOf(decoded), version);
    } catch (error) {
      problems.push({ name, message: error instanceof Error ? error.message : String(error) });
    }
  }
  // A resource that cannot be read may be any of those that seem to be missing.
  const isWhole = response.isComplete && problems.length === 0;
  const missing = isWhole ? [...known].filter((name) => !set.has(name) && !heartbeats.includes(name)) : [];
  return { update: { set, versions, removed: [...response.removed, ...missing] }, problems, heartbeats };
}

/** One line for a NACK and the log. */
export function describeRejections(kind: ResourceKind, rejections: readonly Rejection[]): string {
  return rejections.map(({ name, message }) => `${name === '' ? kind : name}: ${message}`).join('; ');
}
