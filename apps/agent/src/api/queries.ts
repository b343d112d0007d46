import { z } from 'zod';

/** What is asked of the reading procedures, and of the live topics that follow the same answers. */
export const scope = z.object({
  namespaces: z.array(z.string()).max(500).default([]),
  windowSeconds: z.number().int().min(5).max(604_800).default(60),
  at: z.number().nullable().default(null),
});
export const topologyQuery = scope.extend({ graphType: z.enum(['workload', 'app', 'versionedApp', 'service']).default('versionedApp') });
export const serviceQuery = scope.extend({ key: z.string().max(500) });
export const rolloutQuery = scope.extend({ id: z.string().max(500) });
export const convergenceQuery = z.object({ revision: z.number().int().nullable().default(null) });
