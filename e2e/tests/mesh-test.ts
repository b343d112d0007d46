import { test as base, expect, type Page } from '@playwright/test';
import { type AgentClient, agentClient } from '../src/agent-client.ts';
import { type RunningMesh, startMesh } from '../src/running-mesh.ts';

interface MeshFixtures {
  /** The agent's API of the running mesh. */
  readonly agent: AgentClient;
  /** A page whose console and network errors fail the test. */
  readonly console: Page;
}

/** Tests with one whole mesh under load, shared by all of them: each leaves it as it found it. */
export const test = base.extend<MeshFixtures, { readonly mesh: RunningMesh }>({
  mesh: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright finds a fixture's needs by this pattern
    async ({}, use) => {
      const mesh = await startMesh({ portOffset: 5500 });
      await use(mesh);
      const code = await mesh.stop();
      expect(code, `weft up ends with code 0 on Ctrl-C\n${mesh.output()}`).toBe(0);
    },
    { scope: 'worker', timeout: 150_000 },
  ],
  agent: async ({ mesh }, use) => use(agentClient(mesh.agentUrl)),
  console: async ({ page, mesh }, use) => {
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(mesh.consoleUrl);
    await use(page);
    expect(problems, 'no script error in the console').toEqual([]);
  },
});

export { expect };

/** Counts of the demo's load: what was sent, and what failed. */
export async function loadCounts(mesh: RunningMesh): Promise<{ readonly sent: number; readonly failed: number }> {
  return (await (await fetch(`${mesh.controlUrl}/load`)).json()) as { sent: number; failed: number };
}

/** Opens a page of the console by its name in the navigation. */
export async function openPage(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
}
