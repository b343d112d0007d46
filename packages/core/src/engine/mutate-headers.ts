import type { HeaderMutationPlan } from '../plan/header-plan.ts';
import { type FormatResolver, fillFormat } from './format-value.ts';

/** Where header changes are written: a proxy's header block, or a plain map in a simulation. Names are lower-case. */
export interface HeaderSink {
  has(name: string): boolean;
  remove(name: string): void;
  /** Replaces every value. `original` keeps the configured case. */
  set(name: string, value: string, original: string): void;
  append(name: string, value: string, original: string): void;
}

/**
 * Applies the header changes of several levels in order: each level removes first, then adds (Envoy `HeaderParser::evaluateHeaders`).
 * Values whose operators yield nothing are left out unless the configuration keeps empty ones.
 */
export function applyHeaderMutations(levels: readonly (HeaderMutationPlan | null)[], resolve: FormatResolver, sink: HeaderSink): void {
  for (const level of levels) {
    if (level === null) continue;
    for (const name of level.remove) sink.remove(name);
    for (const addition of level.add) {
      const value = fillFormat(addition.value, resolve, '');
      if (value === '' && !addition.keepEmptyValue) continue;
      addHeader(addition.action, addition.name, value, addition.originalName, sink);
    }
  }
}

function addHeader(action: string, name: string, value: string, original: string, sink: HeaderSink): void {
  switch (action) {
    case 'ADD_IF_ABSENT':
      if (!sink.has(name)) sink.append(name, value, original);
      return;
    case 'OVERWRITE_IF_EXISTS':
      if (sink.has(name)) sink.set(name, value, original);
      return;
    case 'OVERWRITE_IF_EXISTS_OR_ADD':
      sink.set(name, value, original);
      return;
    default:
      sink.append(name, value, original);
  }
}
