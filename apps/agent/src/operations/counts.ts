import type { Finding, FindingCounts, ResourceId } from '../api/types.ts';

/** Findings by level. */
export function countFindings(findings: readonly Finding[]): FindingCounts {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  return { errors: count('Error'), warnings: count('Warning'), infos: count('Info') };
}

/** The findings about some resources. */
export function findingsOf(findings: readonly Finding[], ids: ReadonlySet<ResourceId>): readonly Finding[] {
  return findings.filter(({ resourceId }) => resourceId !== null && ids.has(resourceId));
}

/** Whether a namespace is in a selection; the empty selection holds all. */
export function isSelected(namespaces: readonly string[], namespace: string): boolean {
  return namespaces.length === 0 || namespaces.includes(namespace);
}
