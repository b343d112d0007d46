import { selectsByExpressions } from '../base/labels.ts';
import type { MeshConfig } from '../resource/mesh-config.ts';

/** How widely the mesh lets ServiceEntries of a namespace be seen: as they say themselves, in their own namespace only, or nowhere. */
export type EntryVisibility = 'PUBLIC' | 'NAMESPACE' | 'NONE';

/** The first policy whose rules all hold for the namespace, else the default; sidecars follow it only where the mesh says so. */
export function entryVisibility(meshConfig: MeshConfig, namespaceLabels: Readonly<Record<string, string>>): EntryVisibility {
  const setting = meshConfig.serviceEntryVisibility;
  if (!setting?.applyToSidecars) return 'PUBLIC';
  const policy = (setting.policies ?? []).find((candidate) =>
    // A rule without a matcher that is known matches nothing.
    (candidate.matchingRules ?? []).every(
      (rule) => rule.namespaceSelector !== undefined && selectsByExpressions(rule.namespaceSelector, namespaceLabels),
    ),
  );
  const visibility = policy ? policy.visibility : setting.defaultVisibility;
  return visibility === 'NAMESPACE' || visibility === 'NONE' ? visibility : 'PUBLIC';
}
