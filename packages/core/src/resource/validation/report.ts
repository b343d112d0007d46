import type { FieldProblem, Validity } from '../problem.ts';

/** Collects what validation finds, in the order it is found. */
export interface Report {
  /** A value that the schema does not allow. */
  schema(path: string, message: string): void;
  /** A rule of the resource definition that relates fields to each other. */
  rule(path: string, message: string): void;
  /** Something Istio's admission webhook refuses. */
  error(path: string, message: string): void;
  /** Something Istio's admission webhook accepts with a warning. */
  warn(path: string, message: string): void;
}

/** A report and the way to read it. A field whose schema is violated is not reported again for what follows from it. */
export function createReport(): { readonly report: Report; readonly validity: () => Validity } {
  const errors: FieldProblem[] = [];
  const warnings: FieldProblem[] = [];
  const add = (list: FieldProblem[], source: FieldProblem['source']) => (path: string, message: string) => {
    if (!list.some((known) => known.path === path && known.message === message)) list.push({ path, message, source });
  };
  return {
    report: {
      schema: add(errors, 'schema'),
      rule: (path, message) =>
        errors.some((known) => known.path === path && known.source === 'schema') || add(errors, 'cel')(path, message),
      error: (path, message) =>
        errors.some((known) => known.path === path && known.source !== 'semantic') || add(errors, 'semantic')(path, message),
      warn: add(warnings, 'semantic'),
    },
    validity: () => ({ errors, warnings }),
  };
}
