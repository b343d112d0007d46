import type { SetAnalyzer } from '../analyzer.ts';
import { object, objects, text } from '../fields.ts';
import { absence, fact } from '../proof.ts';

/** ReferenceGrants to namespaces that do not exist. */
export const grantNamespacesAnalyzer: SetAnalyzer = {
  name: 'k8sreferencegrant.NamespaceAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze({ set, index, report }) {
    if (!index.knowsNamespaces) return;
    for (const grant of set.ofKind('ReferenceGrant')) {
      for (const [at, from] of objects(object(grant.spec).from)) {
        const namespace = text(from.namespace);
        if (namespace === '' || index.isNamespaceKnown(namespace)) continue;
        const path = `spec.from[${at}].namespace`;
        report({
          type: 'GrantToUnknownNamespace',
          resource: grant,
          path,
          message: `There is no namespace ${namespace}, so nothing there can use this grant. Correct the name, or remove the entry.`,
          proof: [fact(grant, path, `is ${namespace}`), absence(`no Namespace ${namespace}`)],
        });
      }
    }
  },
};
