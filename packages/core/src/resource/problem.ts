/** Something wrong with one field of one resource. */
export interface FieldProblem {
  /** `spec.http[0].route[1].weight`; keys that are not plain words in quotes: `metadata.labels["a.b/c"]`. */
  readonly path: string;
  readonly message: string;
  readonly source: 'schema' | 'cel' | 'semantic';
}

/** What validation found: errors make the resource invalid, warnings do not. */
export interface Validity {
  readonly errors: readonly FieldProblem[];
  readonly warnings: readonly FieldProblem[];
}
