import type { SetAnalyzer } from '../analyzer.ts';
import { object, texts } from '../fields.ts';
import { absence, fact } from '../proof.ts';

const kinds = ['VirtualService', 'DestinationRule', 'ServiceEntry'] as const;

/** Resources exported to namespaces that do not exist. */
export const exportToAnalyzer: SetAnalyzer = {
  name: 'exportto.NamespaceAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze({ set, index, report }) {
    if (!index.knowsNamespaces) return;
    for (const resource of kinds.flatMap((kind) => set.ofKind(kind))) {
      for (const [at, namespace] of texts(object(resource.spec as { exportTo?: readonly string[] }).exportTo)) {
        if (['.', '*', '~'].includes(namespace) || index.isNamespaceKnown(namespace)) continue;
        report({
          type: 'ExportToUnknownNamespace',
          resource,
          path: `spec.exportTo[${at}]`,
          message: `There is no namespace ${namespace}, so exporting to it has no effect. Correct the name.`,
          proof: [fact(resource, `spec.exportTo[${at}]`, `is ${namespace}`), absence(`no Namespace ${namespace}`)],
        });
      }
    }
  },
};
