import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from './mesh-test.ts';

const resource = 'VirtualService/default/order-service';

const mistakes = [
  { what: 'an unknown subset', line: 'subset: v2', keys: ['Backspace', '9'], becomes: 'subset: v9', code: 'IST0101' },
  { what: 'wrong weights', line: 'weight: 90', keys: ['Backspace', 'Backspace', '-', '5'], becomes: 'weight: -5', code: 'IST0106' },
  { what: 'bad YAML', line: 'http:', keys: [' ', ']'], becomes: 'http: ]', code: null },
] as const;

for (const { what, line, keys, becomes, code } of mistakes) {
  test(`${what} is found on its line while typing, and cannot be applied`, async ({ console: page, mesh }) => {
    await page.goto(`${mesh.consoleUrl}/configuration?resource=${encodeURIComponent(resource)}`);
    const file = join(mesh.meshDirectory, 'traffic.yaml');
    const before = readFileSync(file, 'utf8');
    const lines = (await savedText(page, mesh.agentUrl)).split('\n');
    await typeAtEndOf(page, line, keys);
    await expect(page.getByTestId('yaml-editor').locator('.view-line').filter({ hasText: becomes }).first()).toBeVisible();

    const findings = page.getByRole('region', { name: 'Findings' });
    await expect(findings.getByRole('status')).toContainText('cannot be applied', { timeout: 15_000 });
    if (code !== null) await expect(findings).toContainText(code);
    const place = `line ${lines.findIndex((text) => text.trim() === line) + 1}`;
    await expect(findings.getByRole('button', { name: place, exact: true }).first()).toBeVisible();
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
  await savedText(page, mesh.agentUrl);
  await typeAtEndOf(page, '- name: orders', ['-', 'a', 'l', 'l']);
  await expect(page.getByRole('region', { name: 'Findings' }).getByRole('status')).toContainText('valid');
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
  await expect.poll(() => readFileSync(file, 'utf8')).toBe(before.replace('name: orders', 'name: orders-all'));

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

/** Puts the cursor at the end of the first line with this text, and types. */
async function typeAtEndOf(page: Page, line: string, keys: readonly string[]): Promise<void> {
  const found = page.getByTestId('yaml-editor').locator('.view-line').filter({ hasText: line }).first();
  await expect(found).toBeVisible({ timeout: 20_000 });
  await found.click();
  await page.keyboard.press('End');
  for (const key of keys) await page.keyboard.press(key);
  await page.keyboard.press('Escape');
}
