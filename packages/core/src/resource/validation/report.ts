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
  const seen = new Set<string>();
  const pathsBySource = { schema: new Set<string>(), cel: new Set<string>(), semantic: new Set<string>() };
  const add = (list: FieldProblem[], problem: FieldProblem): void => {
    const key = `${list === errors} ${problem.path}\n${problem.message}`;
    if (seen.has(key)) return;
    seen.add(key);
    list.push(problem);
  };
  const fail = (source: FieldProblem['source'], path: string, message: string): void => {
    pathsBySource[source].add(path);
    add(errors, { path, message, source });
  };
  return {
    report: {
      schema: (path, message) => fail('schema', path, message),
      rule: (path, message) => {
        if (!pathsBySource.schema.has(path)) fail('cel', path, message);
      },
      error: (path, message) => {
        if (!pathsBySource.schema.has(path) && !pathsBySource.cel.has(path)) fail('semantic', path, message);
      },
      warn: (path, message) => add(warnings, { path, message, source: 'semantic' }),
    },
    validity: () => ({ errors, warnings }),
  };
}
