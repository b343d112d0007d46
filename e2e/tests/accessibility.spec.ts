import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from './mesh-test.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pages = ['/', '/topology', '/services', '/rollouts', '/security', '/configuration', '/mesh'];

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly impact: string; readonly nodes: readonly { readonly html: string }[] }[];
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`no page has a serious accessibility problem in the ${colorScheme} theme`, async ({ console: page, mesh }) => {
    await page.emulateMedia({ colorScheme });
    const problems: string[] = [];
    for (const path of pages) {
      await page.goto(`${mesh.consoleUrl}${path}`);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expect(page.locator('[aria-label^="Loading"]')).toHaveCount(0, { timeout: 30_000 });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
      for (const { id, impact, nodes } of violations.filter((each) => each.impact === 'serious' || each.impact === 'critical')) {
        problems.push(`${path}: ${impact} ${id}: ${nodes[0]?.html.slice(0, 160)}`);
      }
    }
    expect(problems).toEqual([]);
  });
}
