import type { EnvoyFilter } from '../../resource/kinds.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { object, objects, text } from '../fields.ts';
import { fact } from '../proof.ts';

/** Patches of EnvoyFilters that Weft leaves out because it cannot express them. */
export const patchSupportAnalyzer: ResourceAnalyzer = {
  name: 'envoyfilter.PatchSupportAnalyzer',
  scope: 'resource',
  inputs: ['EnvoyFilter'],
  isDefault: true,
  check(resource, { isPatchApplicable }, report) {
    if (isPatchApplicable === null) return;
    for (const [at, patch] of objects(object((resource as EnvoyFilter).spec).configPatches)) {
      if (isPatchApplicable(patch)) continue;
      const path = `spec.configPatches[${at}]`;
      const target = text(patch.applyTo) || 'INVALID';
      report({
        type: 'PatchNotApplied',
        resource,
        path,
        message: `Weft cannot apply this patch of ${target}, so it is left out: its value is not of that kind, holds an extension that Weft does not know, or changes what proxies are not sent.`,
        proof: [fact(resource, path, `applies to ${target}`)],
      });
    }
  },
};
