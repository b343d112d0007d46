import { initTRPC, TRPCError } from '@trpc/server';
import { z } from 'zod';
import type { AgentApi } from './agent-api.ts';
import { live, liveTopics } from './live.ts';
import { convergenceQuery, rolloutQuery, scope, serviceQuery, topologyQuery } from './queries.ts';
import { WeftError, type WeftErrorCode } from './weft-error.ts';

/** What every procedure gets. */
export interface ApiContext {
  readonly api: AgentApi;
}

const trpc = initTRPC.context<ApiContext>().create({
  // Answers never carry stack traces, whatever NODE_ENV says.
  isDev: false,
  sse: { ping: { enabled: true, intervalMs: 5_000 }, client: { reconnectAfterInactivityMs: 15_000 } },
});

const trpcCodes: Readonly<Record<WeftErrorCode, TRPCError['code']>> = {
  NOT_FOUND: 'NOT_FOUND',
  INVALID: 'BAD_REQUEST',
  CONFLICT: 'CONFLICT',
  READ_ONLY: 'PRECONDITION_FAILED',
  UNAVAILABLE: 'SERVICE_UNAVAILABLE',
};

const procedure = trpc.procedure.use(async ({ next }) => {
  const result = await next();
  if (!result.ok && result.error.cause instanceof WeftError) {
    const { cause } = result.error;
    throw new TRPCError({ code: trpcCodes[cause.code], message: cause.message, cause });
  }
  return result;
});

const author = {
  who: z.string().max(200).default('console'),
  why: z.string().max(2_000).default(''),
  origin: z.enum(['console', 'cli']).default('console'),
};
const resourceId = z.string().max(1_000);
const resourceName = z.string().min(1).max(253);
const yamlText = z.string().max(4_000_000);
const change = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('resource'), id: resourceId.nullable(), yaml: yamlText }),
  z.object({ kind: z.literal('delete'), id: resourceId }),
  z.object({ kind: z.literal('file'), file: z.string().max(500), text: yamlText }),
]);
const changes = z.array(change).min(1).max(1_000);
const weights = z.array(z.number().int().min(0).max(100)).min(1).max(100);
const text = z.string().max(500).nullable().default(null);
const recordFilter = z.object({
  namespaces: z.array(z.string()).max(500).default([]),
  source: text,
  destination: text,
  service: text,
  method: text,
  pathContains: text,
  code: text,
  flag: text,
  refusedOnly: z.boolean().default(false),
  reporter: z.enum(['source', 'destination', 'gateway']).nullable().default(null),
  limit: z.number().int().min(1).max(2_000).default(100),
});

const mesh = trpc.router({
  status: procedure.query(({ ctx }) => ctx.api.readStatus()),
});

/** What the data plane of this computer asks. */
const dataPlane = trpc.router({
  workloads: procedure.query(({ ctx }) => ctx.api.listLocalWorkloads()),
  ofGroup: procedure
    .input(z.object({ namespace: resourceName, group: resourceName, address: z.union([z.ipv4(), z.ipv6()]) }))
    .query(({ ctx, input }) => ctx.api.readGroupWorkload(input)),
});

const overview = trpc.router({
  read: procedure.input(scope).query(({ ctx, input }) => ctx.api.readOverview(input)),
});

const topology = trpc.router({
  read: procedure.input(topologyQuery).query(({ ctx, input }) => ctx.api.readTopology(input)),
});

const services = trpc.router({
  list: procedure.input(scope).query(({ ctx, input }) => ctx.api.listServices(input)),
  detail: procedure.input(serviceQuery).query(({ ctx, input }) => ctx.api.readService(input.key, input)),
});

const weightChange = z.object({ id: z.string().max(500), weights });
const rollouts = trpc.router({
  list: procedure.input(scope).query(({ ctx, input }) => ctx.api.listRollouts(input)),
  detail: procedure.input(rolloutQuery).query(({ ctx, input }) => ctx.api.readRollout(input.id, input)),
  previewWeights: procedure.input(weightChange).query(({ ctx, input }) => ctx.api.previewWeights(input.id, input.weights)),
  applyWeights: procedure
    .input(weightChange.extend(author))
    .mutation(({ ctx, input }) => ctx.api.applyWeights(input.id, input.weights, input)),
});

const draft = z.object({ changes });
const security = trpc.router({
  policies: procedure.input(scope).query(({ ctx, input }) => ctx.api.listPolicies(input)),
  effectiveMtls: procedure.input(scope).query(({ ctx, input }) => ctx.api.readEffectiveMtls(input)),
  choices: procedure.query(({ ctx }) => ctx.api.readSecurityChoices()),
  /** A mutation only because a draft may be too long for a URL; it changes nothing. */
  draft: procedure.input(draft).mutation(({ ctx, input }) => ctx.api.previewSecurityDraft(input.changes)),
});

const requests = trpc.router({
  recent: procedure.input(recordFilter).query(({ ctx, input }) => ctx.api.readRecords(input)),
  tap: procedure.input(recordFilter).subscription(({ ctx, input, signal }) => ctx.api.tap(input, signal ?? never())),
});

const config = trpc.router({
  list: procedure
    .input(z.object({ namespaces: z.array(z.string()).max(500).default([]) }))
    .query(({ ctx, input }) => ctx.api.listResources(input.namespaces)),
  get: procedure.input(z.object({ id: resourceId })).query(({ ctx, input }) => ctx.api.readResource(input.id)),
  yaml: procedure.input(z.object({ file: z.string().max(500) })).query(({ ctx, input }) => ctx.api.readFile(input.file)),
  /** A mutation only because a draft may be too long for a URL; it changes nothing. */
  analyzeDraft: procedure.input(draft).mutation(({ ctx, input }) => ctx.api.analyzeDraft(input.changes)),
  /** A mutation only because a draft may be too long for a URL; it changes nothing. */
  preview: procedure.input(draft).mutation(({ ctx, input }) => ctx.api.previewChanges(input.changes)),
  applyChanges: procedure
    .input(z.object({ changes, baseRevision: z.number().int().nullable().default(null), ...author }))
    .mutation(({ ctx, input }) => ctx.api.applyChanges(input)),
  history: procedure
    .input(z.object({ limit: z.number().int().min(1).max(500).default(50), before: z.number().int().nullable().default(null) }))
    .query(({ ctx, input }) => ctx.api.listRevisions(input.limit, input.before)),
  revision: procedure.input(z.object({ id: z.number().int() })).query(({ ctx, input }) => ctx.api.readRevision(input.id)),
  undo: procedure
    .input(z.object({ id: z.number().int().nullable().default(null), ...author }))
    .mutation(({ ctx, input }) => ctx.api.undoRevision(input.id, input)),
  restore: procedure
    .input(z.object({ id: z.number().int(), ...author }))
    .mutation(({ ctx, input }) => ctx.api.restoreRevision(input.id, input)),
  convergence: procedure.input(convergenceQuery).query(({ ctx, input }) => ctx.api.readConvergence(input.revision)),
});

const demo = trpc.router({
  settings: procedure.query(({ ctx }) => ctx.api.readDemoSettings()),
  change: procedure
    .input(
      z.object({
        workload: z.string().max(200),
        errorPercent: z.number().min(0).max(100),
        latencyMs: z.number().min(0).max(10_000),
      }),
    )
    .mutation(({ ctx, input }) => ctx.api.changeDemoSettings(input.workload, input)),
});

/** The agent's tRPC API. */
export const appRouter = trpc.router({
  mesh,
  dataPlane,
  overview,
  topology,
  services,
  rollouts,
  security,
  requests,
  config,
  demo,
  /** The answers of many queries as they change, over one connection: a browser has few for each origin. */
  live: procedure.input(liveTopics).subscription(({ ctx, input, signal }) => live(ctx.api, input, signal ?? never())),
  events: procedure.subscription(({ ctx, signal }) => ctx.api.events(signal ?? never())),
});

export type AppRouter = typeof appRouter;

const never = (): AbortSignal => new AbortController().signal;
