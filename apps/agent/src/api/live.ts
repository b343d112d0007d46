import { z } from 'zod';
import type { AgentApi } from './agent-api.ts';
import { convergenceQuery, rolloutQuery, scope, serviceQuery, topologyQuery } from './queries.ts';
import { WeftError } from './weft-error.ts';

const liveTopic = z.discriminatedUnion('path', [
  z.object({ path: z.literal('mesh.status') }),
  z.object({ path: z.literal('overview.read'), input: scope }),
  z.object({ path: z.literal('topology.read'), input: topologyQuery }),
  z.object({ path: z.literal('services.list'), input: scope }),
  z.object({ path: z.literal('services.detail'), input: serviceQuery }),
  z.object({ path: z.literal('rollouts.list'), input: scope }),
  z.object({ path: z.literal('rollouts.detail'), input: rolloutQuery }),
  z.object({ path: z.literal('security.policies'), input: scope }),
  z.object({ path: z.literal('config.convergence'), input: convergenceQuery }),
]);

/** What one reader follows over one connection. */
export const liveTopics = z.array(liveTopic).max(50);

/** A query whose answer can be followed: `path` is the query's own. */
export type LiveTopic = z.input<typeof liveTopic>;
export type LivePath = LiveTopic['path'];

type Topic = z.output<typeof liveTopic>;

type Answer = ReturnType<typeof answer>;

/** What the query at a path answers. */
export type LiveAnswer<P extends LivePath> = Extract<Answer, { readonly path: P }>['data'];

/** The new answer of one topic, which `topic` is the place of among those asked for. */
export type LiveUpdate = Answer & { readonly topic: number };

/** The part of the agent that topics are read from. */
export type LiveApi = Pick<
  AgentApi,
  | 'readStatus'
  | 'readOverview'
  | 'readTopology'
  | 'listServices'
  | 'readService'
  | 'listRollouts'
  | 'readRollout'
  | 'listPolicies'
  | 'readConvergence'
  | 'pulse'
>;

/**
 * Yields the answers of all topics, and then, after each beat of the agent's pulse, those that have changed since.
 * A beat without a change yields an empty list, so that the reader hears that the agent is there.
 */
export async function* live(api: LiveApi, topics: readonly Topic[], signal: AbortSignal): AsyncGenerator<readonly LiveUpdate[]> {
  const sentByTopic = new Map<number, string>();
  const changed = (): readonly LiveUpdate[] =>
    topics.flatMap((asked, topic) => {
      const current = answerIfAny(api, asked);
      if (current === null) return [];
      const text = JSON.stringify(current.data);
      if (sentByTopic.get(topic) === text) return [];
      sentByTopic.set(topic, text);
      return [{ topic, ...current }];
    });
  yield changed();
  for await (const _ of api.pulse(signal)) yield changed();
}

/** Null when there is no answer now: the topic's query says why, and the other topics go on. */
function answerIfAny(api: LiveApi, topic: Topic): Answer | null {
  try {
    return answer(api, topic);
  } catch (error) {
    if (error instanceof WeftError) return null;
    throw error;
  }
}

function answer(api: LiveApi, topic: z.output<typeof liveTopic>) {
  switch (topic.path) {
    case 'mesh.status':
      return { path: topic.path, data: api.readStatus() };
    case 'overview.read':
      return { path: topic.path, data: api.readOverview(topic.input) };
    case 'topology.read':
      return { path: topic.path, data: api.readTopology(topic.input) };
    case 'services.list':
      return { path: topic.path, data: api.listServices(topic.input) };
    case 'services.detail':
      return { path: topic.path, data: api.readService(topic.input.key, topic.input) };
    case 'rollouts.list':
      return { path: topic.path, data: api.listRollouts(topic.input) };
    case 'rollouts.detail':
      return { path: topic.path, data: api.readRollout(topic.input.id, topic.input) };
    case 'security.policies':
      return { path: topic.path, data: api.listPolicies(topic.input) };
    case 'config.convergence':
      return { path: topic.path, data: api.readConvergence(topic.input.revision) };
  }
}
