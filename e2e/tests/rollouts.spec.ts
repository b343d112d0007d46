import { expect, loadCounts, openPage, test } from './mesh-test.ts';

const rollout = 'default/order-service/http[0]';

interface Convergence {
  readonly pending: number;
  readonly nacked: number;
  readonly acked: number;
}

test('a canary moves by slider: YAML first, ACKs within 2 s, the share within 10 s, no request lost', async ({
  console: page,
  mesh,
  agent,
}) => {
  await openPage(page, 'Rollouts');
  await page.getByRole('navigation', { name: 'Rollouts' }).getByText('order-service').click();
  await expect(page.getByRole('slider', { name: 'Weight of v1' })).toHaveAttribute('aria-valuenow', '90');

  await page.getByRole('button', { name: '50 % to v2' }).click();
  await expect(page.getByRole('slider', { name: 'Weight of v1' })).toHaveAttribute('aria-valuenow', '50');
  const diff = page.getByRole('region', { name: 'YAML changes' });
  await expect(diff).toContainText('weight: 50');
  await expect(diff).toContainText('weight: 90');

  const before = await loadCounts(mesh);
  await page.getByRole('button', { name: 'Apply weights' }).click();
  const appliedAt = Date.now();
  await expect(page.getByRole('status', { name: 'Convergence' })).toHaveAttribute('data-state', 'done', { timeout: 4_000 });
  const convergence = await agent.query<Convergence & { readonly durationMs: number }>('config.convergence', { revision: null });
  expect(convergence.durationMs, 'milliseconds until every proxy had ACKed').toBeLessThan(2_000);
  expect(convergence.nacked).toBe(0);

  await expect
    .poll(async () => Math.abs((await observedShare(agent, 'v2')) - 50), {
      timeout: 10_000 - (Date.now() - appliedAt),
      message: 'distance of the observed share of v2 from 50 %',
    })
    .toBeLessThanOrEqual(5);
  const after = await loadCounts(mesh);
  expect(after.failed - before.failed, `failed of ${after.sent - before.sent} requests`).toBe(0);

  await page.getByRole('button', { name: 'Undo revision' }).first().click();
  await expect(page.getByRole('slider', { name: 'Weight of v1' })).toHaveAttribute('aria-valuenow', '90');
});

test('the slider is worked by keyboard and the weights always add up to 100', async ({ console: page }) => {
  await openPage(page, 'Rollouts');
  await page.getByRole('navigation', { name: 'Rollouts' }).getByText('order-service').click();
  const v1 = page.getByRole('slider', { name: 'Weight of v1' });
  const v2 = page.getByRole('slider', { name: 'Weight of v2' });
  await v2.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(v2).toHaveAttribute('aria-valuenow', '12');
  await expect(v1).toHaveAttribute('aria-valuenow', '88');
  await page.getByRole('button', { name: 'Reset' }).click();
  await expect(v1).toHaveAttribute('aria-valuenow', '90');
});

async function observedShare(agent: { query<T>(procedure: string, input: unknown): Promise<T> }, version: string): Promise<number> {
  const { rollout: found } = await agent.query<{
    rollout: { destinations: readonly { version: string; observedPercent: number | null }[] };
  }>('rollouts.detail', { id: rollout, windowSeconds: 8 });
  return found.destinations.find((each) => each.version === version)?.observedPercent ?? 0;
}
