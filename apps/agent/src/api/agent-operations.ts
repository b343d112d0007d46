import type { AgentParts } from '../operations/agent-parts.ts';
import { applyChanges } from '../operations/apply-changes.ts';
import { applyWeights, previewWeights } from '../operations/change-weights.ts';
import { countFindings } from '../operations/counts.ts';
import { changeDemoSettings, readDemoSettings } from '../operations/demo-settings.ts';
import { listLocalWorkloads, readGroupWorkload } from '../operations/list-local-workloads.ts';
import { listPolicies, readEffectiveMtls, readSecurityChoices } from '../operations/list-policies.ts';
import { listResources, readConfigFile, readResource } from '../operations/list-resources.ts';
import { listRevisions, readRevision } from '../operations/list-revisions.ts';
import { listRollouts } from '../operations/list-rollouts.ts';
import { listServices } from '../operations/list-services.ts';
import { analyzeDraft, previewChanges } from '../operations/preview-changes.ts';
import { previewSecurityDraft } from '../operations/preview-security-draft.ts';
import { readConvergence } from '../operations/read-convergence.ts';
import { readOverview } from '../operations/read-overview.ts';
import { matchesFilter, readRecords } from '../operations/read-records.ts';
import { readRollout } from '../operations/read-rollout.ts';
import { readService } from '../operations/read-service.ts';
import { readStatus } from '../operations/read-status.ts';
import { readTopology } from '../operations/read-topology.ts';
import { restoreRevision, undoRevision } from '../operations/undo-revision.ts';
import type { AgentApi } from './agent-api.ts';
import { channel } from './channel.ts';
import type { Pulse } from './pulse.ts';
import type { AgentEvent, TrafficRecord } from './types.ts';

/** The longest that a live view may lag behind a change, in milliseconds. */
const minBeatIntervalMs = 250;

/** The operations as the router wants them. */
export function createAgentApi(parts: AgentParts, pulse: Pulse): AgentApi {
  return {
    readStatus: () => readStatus(parts),
    listLocalWorkloads: () => listLocalWorkloads(parts),
    readGroupWorkload: (query) => readGroupWorkload(parts, query),
    readOverview: (scope) => readOverview(parts, scope),
    readTopology: (query) => readTopology(parts, query),
    listServices: (scope) => listServices(parts, scope),
    readService: (key, scope) => readService(parts, key, scope),
    listRollouts: (scope) => listRollouts(parts, scope),
    readRollout: (id, scope) => readRollout(parts, id, scope),
    previewWeights: (id, weights) => previewWeights(parts, id, weights),
    applyWeights: async (id, weights, author) => applyWeights(parts, id, { ...author, weights }),
    listPolicies: (scope) => listPolicies(parts, scope),
    readEffectiveMtls: (scope) => readEffectiveMtls(parts, scope),
    readSecurityChoices: () => readSecurityChoices(parts),
    previewSecurityDraft: (changes) => previewSecurityDraft(parts, changes),
    readRecords: (filter) => readRecords(parts, filter),
    listResources: (namespaces) => listResources(parts, namespaces),
    readResource: (id) => readResource(parts, id),
    readFile: (file) => readConfigFile(parts, file),
    analyzeDraft: (changes) => analyzeDraft(parts, changes),
    previewChanges: (changes) => previewChanges(parts, changes),
    applyChanges: async (request) => applyChanges(parts, request),
    listRevisions: (limit, before) => listRevisions(parts, limit, before),
    readRevision: (id) => readRevision(parts, id),
    undoRevision: async (id, author) => undoRevision(parts, id, author),
    restoreRevision: async (id, author) => restoreRevision(parts, id, author),
    readConvergence: (revision) => readConvergence(parts, revision),
    readDemoSettings: () => readDemoSettings(parts),
    changeDemoSettings: (workload, settings) => changeDemoSettings(parts, workload, settings),
    events: (signal) => events(parts, signal),
    tap: (filter, signal) =>
      channel<readonly TrafficRecord[]>(signal, (send) =>
        parts.records.subscribe((records) => {
          const matching = records.filter((record) => matchesFilter(record, filter));
          if (matching.length > 0) send(matching);
        }),
      ),
    pulse: (signal) => pulse.beats(signal, minBeatIntervalMs),
  };
}

function events(parts: AgentParts, signal: AbortSignal): AsyncIterable<AgentEvent> {
  return channel<AgentEvent>(signal, (send) => {
    const { config, registry, surroundings } = parts;
    send({ kind: 'hello', revision: config.revision, version: surroundings.version });
    let seen = { revision: config.revision, problems: JSON.stringify(config.problems), findings: '' };
    const endConfig = config.subscribe(() => {
      const at = parts.now();
      if (config.revision !== seen.revision) {
        const stored = parts.revisions.read(config.revision);
        send({ kind: 'revision', revision: config.revision, who: stored?.who ?? '', why: stored?.why ?? '', at });
      }
      const problems = JSON.stringify(config.problems);
      if (problems !== seen.problems) send({ kind: 'source', problems: config.problems, at });
      const counts = countFindings(config.findings());
      const findings = JSON.stringify(counts);
      if (findings !== seen.findings) send({ kind: 'findings', counts, at });
      seen = { revision: config.revision, problems, findings };
    });
    const endRegistry = registry.subscribe(({ change, proxy }) => send({ kind: 'proxy', change, proxy, at: parts.now() }));
    return () => {
      endConfig();
      endRegistry();
    };
  });
}
