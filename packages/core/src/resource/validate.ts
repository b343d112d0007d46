import type { Validity } from './problem.ts';
import type { Resource } from './resource.ts';

/** What validation may depend on beyond the resource itself. */
export interface ValidationSettings {
  /** Namespace whose policies hold for the whole mesh; `istio-system` unless given. */
  readonly rootNamespace?: string;
}

/** What is wrong with a resource by itself: its schema, the rules of its definition, and what Istio's admission webhook refuses or warns about. */
export function validateResource(_resource: Resource, _settings: ValidationSettings = {}): Validity {
  return { errors: [], warnings: [] };
}
