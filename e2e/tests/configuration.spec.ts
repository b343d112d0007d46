import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from './mesh-test.ts';

const resource = 'VirtualService/default/order-service';

const mistakes = [
  { what: 'an unknown subset', change: (yaml: string) => yaml.replace('subset: v2', 'subset: v9'), code: 'IST0101', line: /subset: v9/ },
  { what: 'wrong weights', change: (yaml: string) => yaml.replace('weight: 90', 'weight: -5'), code: 'IST0106', line: /weight: -5/ },
  { what: 'bad YAML', change: (yaml: string) => yaml.replace('  http:', '  http: ]['), code: null, line: /http: \]\[/ },
] as const;

for (const { what, change, code, line } of mistakes) {
  test(`${what} is found on its line while typing, and cannot be applied`, async ({ console: page, mesh }) => {
    await page.goto(`${mesh.consoleUrl}/configuration?resource=${encodeURIComponent(resource)}`);
    const file = join(mesh.meshDirectory, 'traffic.yaml');
    const before = readFileSync(file, 'utf8');
    const broken = change(await savedText(page, mesh.agentUrl));
    await typeIntoEditor(page, broken);

    const findings = page.getByRole('region', { name: 'Findings' });
    await expect(findings.getByRole('status')).toContainText('cannot be applied', { timeout: 15_000 });
    if (code !== null) await expect(findings).toContainText(code);
    const expectedLine = broken.split('\n').findIndex((text) => line.test(text)) + 1;
    await expect(findings.getByRole('button', { name: `line ${expectedLine}`, exact: true }).first()).toBeVisible();
    await expect(page.locator('.squiggly-error').first()).toBeAttached();

    await page.getByRole('button', { name: 'Apply', exact: true }).click();
    await expect(page.getByText('Refused: nothing was changed')).toBeVisible();
    expect(readFileSync(file, 'utf8'), 'the file is untouched').toBe(before);
    await page.getByRole('button', { name: 'Discard' }).click();
  });
}

test('an applied edit keeps the comments of the file and can be undone from the history', async ({ console: page, mesh }) => {
  await page.goto(`${mesh.consoleUrl}/configuration?resource=${encodeURIComponent(resource)}`);
  const file = join(mesh.meshDirectory, 'traffic.yaml');
  const before = readFileSync(file, 'utf8');
  await typeIntoEditor(page, (await savedText(page, mesh.agentUrl)).replace('name: orders', 'name: all-orders'));
  await expect(page.getByRole('region', { name: 'Findings' }).getByRole('status')).toContainText('valid');
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
  await expect.poll(() => readFileSync(file, 'utf8')).toBe(before.replace('name: orders', 'name: all-orders'));

  await page.getByText('History', { exact: true }).click();
  await page.getByRole('list', { name: 'Revisions' }).getByRole('button').first().click();
  await page.getByRole('button', { name: 'Undo this revision' }).click();
  await expect.poll(() => readFileSync(file, 'utf8')).toBe(before);
});

async function savedText(page: Page, agentUrl: string): Promise<string> {
  await expect(page.getByRole('region', { name: `Editor of ${resource}` })).toBeVisible();
  const input = encodeURIComponent(JSON.stringify({ id: resource }));
  const answer = (await (await fetch(`${agentUrl}/api/trpc/config.get?input=${input}`)).json()) as { result: { data: { yaml: string } } };
  return answer.result.data.yaml;
}

/** Replaces the editor's whole text as a paste does. */
async function typeIntoEditor(page: Page, text: string): Promise<void> {
  const editor = page.getByTestId('yaml-editor');
  await expect(editor.locator('.view-line').first()).toBeVisible({ timeout: 20_000 });
  await editor.locator('.view-lines').click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(text);
}
