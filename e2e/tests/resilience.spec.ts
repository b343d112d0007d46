import { processTree } from '../src/process-tree.ts';
import { expect, loadCounts, test } from './mesh-test.ts';

interface Status {
  readonly agent: { readonly revision: number };
  readonly proxies: readonly { readonly connected: boolean }[];
}

test('an agent killed under load costs no request, no revision, and the console comes back by itself', async ({
  console: page,
  mesh,
  agent,
}) => {
  const applied = await agent.mutate<{ status: string; revision: number }>('rollouts.applyWeights', {
    id: 'default/order-service/http[0]',
    weights: [80, 20],
    who: 'test',
  });
  expect(applied.status).toBe('applied');
  const before = await loadCounts(mesh);
  const agentProcess = processTree(mesh.pid).find(({ command }) => / agent( |$)/.test(command));
  expect(agentProcess, 'the agent runs in a process of its own').toBeDefined();

  process.kill(agentProcess?.pid ?? 0, 'SIGKILL');
  await expect(page.getByTestId('stale-banner')).toBeVisible({ timeout: 15_000 });
  await expect(page.getByTestId('stale-banner')).toBeHidden({ timeout: 30_000 });

  await expect
    .poll(async () => (await agent.query<Status>('mesh.status')).proxies.filter(({ connected }) => connected).length, { timeout: 30_000 })
    .toBe(10);
  const status = await agent.query<Status>('mesh.status');
  expect(status.agent.revision).toBeGreaterThanOrEqual(applied.revision);
  const revisions = await agent.query<readonly { id: number }[]>('config.history', { limit: 20 });
  expect(revisions.map(({ id }) => id)).toContain(applied.revision);

  const after = await loadCounts(mesh);
  expect(after.sent - before.sent).toBeGreaterThan(200);
  expect(after.failed - before.failed, `failed of ${after.sent - before.sent} requests`).toBe(0);
  await agent.mutate('config.undo', { id: applied.revision, who: 'test' });
});
