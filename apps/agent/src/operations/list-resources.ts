import { formatRef } from '@weft/core/base/refs';
import type { Resource } from '@weft/core/resource/resource';
import type { ResourceDetail, ResourceList, ResourceSummary } from '../api/config-types.ts';
import type { Finding, ResourceId } from '../api/types.ts';
import { WeftError } from '../api/weft-error.ts';
import { writtenResources } from '../store/configuration.ts';
import { resourceId } from '../store/resource-id.ts';
import type { AgentParts } from './agent-parts.ts';
import { countFindings, isSelected } from './counts.ts';

/** Every resource of the directory with what is wrong about it. */
export function listResources(parts: AgentParts, namespaces: readonly string[]): ResourceList {
  const findings = parts.config.findings();
  const byResource = new Map<ResourceId | null, Finding[]>();
  for (const finding of findings) byResource.set(finding.resourceId, [...(byResource.get(finding.resourceId) ?? []), finding]);
  const revisions = parts.revisions.readFileRevisions();
  const resources = writtenResources(parts.config.current)
    .filter(({ ref }) => ref.namespace === '' || isSelected(namespaces, ref.namespace))
    .map((resource) => summarize(parts, resource, { findings: byResource.get(resourceId(resource.ref)) ?? [], revisions }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const isFiltered = namespaces.length > 0;
  return {
    revision: parts.config.revision,
    resources,
    findings,
    empty:
      resources.length > 0
        ? null
        : {
            kind: isFiltered ? 'filtered-out' : 'no-workloads',
            message: isFiltered ? 'No resource is in the namespaces chosen.' : 'The directory holds no resource.',
            hint: isFiltered
              ? 'Choose more namespaces, or all.'
              : `Put YAML files into ${parts.surroundings.directory}, or create a resource here.`,
          },
  };
}

/** One resource with its text. @throws WeftError NOT_FOUND */
export function readResource(parts: AgentParts, id: ResourceId): ResourceDetail {
  const all = writtenResources(parts.config.current);
  const resource = all.find(({ ref }) => resourceId(ref) === id);
  if (!resource) throw new WeftError('NOT_FOUND', `no resource ${id}`);
  const findings = parts.config.findings().filter((finding) => finding.resourceId === id);
  return {
    summary: summarize(parts, resource, { findings, revisions: parts.revisions.readFileRevisions() }),
    yaml: resource.source.text,
    findings,
    related: all.filter((other) => other !== resource && isRelated(resource, other)).map(({ ref }) => resourceId(ref)),
  };
}

/** The text of a file in force. @throws WeftError NOT_FOUND */
export function readConfigFile(parts: AgentParts, file: string): { readonly file: string; readonly text: string } {
  const text = parts.config.current.files.get(file);
  if (text === undefined) throw new WeftError('NOT_FOUND', `no file ${file}`);
  return { file, text };
}

function summarize(
  parts: AgentParts,
  { ref, source }: Resource,
  known: { readonly findings: readonly Finding[]; readonly revisions: ReadonlyMap<string, number> },
): ResourceSummary {
  return {
    id: resourceId(ref),
    group: ref.group,
    version: ref.version,
    kind: ref.kind,
    namespace: ref.namespace,
    name: ref.name,
    file: source.file,
    line: source.line,
    findings: countFindings(known.findings),
    revision: known.revisions.get(source.file) ?? parts.config.revision,
  };
}

/** Whether one names the other: by host, by gateway, or by the labels it selects. */
function isRelated(a: Resource, b: Resource): boolean {
  return names(a, b) || names(b, a) || selects(a, b) || selects(b, a);
}

function names(from: Resource, to: Resource): boolean {
  if (!['Service', 'Gateway', 'ServiceEntry', 'DestinationRule', 'VirtualService'].includes(to.ref.kind)) return false;
  const text = JSON.stringify(from.spec);
  const isSameNamespace = from.ref.namespace === to.ref.namespace;
  return (
    (isSameNamespace && text.includes(`"${to.ref.name}"`)) ||
    text.includes(`"${to.ref.namespace}/${to.ref.name}"`) ||
    text.includes(`"${to.ref.name}.${to.ref.namespace}`)
  );
}

function selects(policy: Resource, workload: Resource): boolean {
  if (workload.ref.kind !== 'WorkloadEntry' && workload.ref.kind !== 'Pod') return false;
  if (policy.ref.namespace !== workload.ref.namespace || formatRef(policy.ref) === formatRef(workload.ref)) return false;
  const { selector, workloadSelector } = policy.spec as {
    selector?: { matchLabels?: Record<string, string> };
    workloadSelector?: { labels?: Record<string, string> };
  };
  const wanted = Object.entries(selector?.matchLabels ?? workloadSelector?.labels ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => workload.labels[key] === value);
}
