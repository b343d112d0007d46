import type { AuthorizationPolicy } from '../../resource/kinds.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { object, objects, texts } from '../fields.ts';
import { fact } from '../proof.ts';

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);

/** Methods in policies that no request has: in lower case (methods are compared as written), or names of gRPC methods, which are paths. */
export const authorizationMethodsAnalyzer: ResourceAnalyzer = {
  name: 'authorizationpolicy.MethodAnalyzer',
  scope: 'resource',
  inputs: ['AuthorizationPolicy'],
  isDefault: true,
  check(resource, _context, report) {
    for (const [ruleIndex, rule] of objects(object((resource as AuthorizationPolicy).spec).rules)) {
      for (const [toIndex, to] of objects(rule.to)) {
        for (const field of ['methods', 'notMethods'] as const) {
          for (const [at, method] of texts(object(to.operation)[field])) {
            const advice = adviceFor(method);
            if (advice === null) continue;
            const path = `spec.rules[${ruleIndex}].to[${toIndex}].operation.${field}[${at}]`;
            report({
              type: 'MethodNeverMatches',
              resource,
              path,
              message: `No request has the method ${JSON.stringify(method)}. ${advice}`,
              proof: [fact(resource, path, `is ${method}`)],
            });
          }
        }
      }
    }
  },
};

function adviceFor(method: string): string | null {
  const core = method.replace(/^\*|\*$/g, '');
  if (core.includes('/')) return 'Methods of gRPC are paths: write it in paths, with method POST.';
  if (!methods.has(core) && methods.has(core.toUpperCase())) return `Write ${method.toUpperCase()}.`;
  return null;
}
