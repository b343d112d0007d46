import { type CelEnv, celEnv, isCelError, isCelUint, parse, plan } from '@bufbuild/cel';
import { ExprSchema } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { textOfBytes } from './read.ts';

/** Variables of an evaluation: Envoy's attributes as nested objects (`request`, `connection`, `source` …). */
export type CelActivation = Readonly<Record<string, unknown>>;

/** A CEL expression ready to run. `evaluate` never throws: errors are values. */
export interface CelProgram {
  readonly evaluate: (
    activation: CelActivation,
  ) => { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: string };
  /** True only when the result is the boolean `true`: errors and other types count as no match, as in Envoy. */
  readonly matches: (activation: CelActivation) => boolean;
}

/** Compiles CEL text; throws the parser's error when it is malformed. */
export function compileCel(expression: string): CelProgram {
  return program(parse(expression));
}

/** Compiles the protojson form of `google.api.expr.v1alpha1.Expr`, as RBAC conditions carry it. */
export function compileCelExpr(expr: JsonValue): CelProgram {
  return program(fromJson(ExprSchema, expr, { ignoreUnknownFields: true }));
}

function program(expr: Parameters<typeof plan>[1]): CelProgram {
  const run = plan(celEnv() as CelEnv<Record<never, never>>, expr) as (activation: CelActivation) => unknown;
  const evaluate: CelProgram['evaluate'] = (activation) => {
    const value = run(activation);
    return isCelError(value) ? { ok: false, error: value.message } : { ok: true, value };
  };
  return {
    evaluate,
    matches: (activation) => {
      const result = evaluate(activation);
      return result.ok && result.value === true;
    },
  };
}

/** A value as Envoy prints it where text is needed. */
export function celText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (isCelUint(value)) return String(value.value);
  if (value instanceof Uint8Array) return textOfBytes(value);
  return String(value);
}
