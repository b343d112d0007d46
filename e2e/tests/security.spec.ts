import type { Page } from '@playwright/test';
import { throughGateway } from '../src/gateway-client.ts';
import { expect, openPage, test } from './mesh-test.ts';

test('a refusal drawn in the visual editor bites at once, shows in the graph, and is undone', async ({ console: page, mesh }) => {
  await openPage(page, 'Security');
  await page.getByRole('button', { name: 'New policy' }).click();
  const editor = page.getByRole('region', { name: 'Editor of New policy' });
  await editor.getByRole('textbox', { name: 'Name' }).fill('no-storefront-payments');
  await choose(page, 'Guards', 'payment-service');
  await editor.getByRole('button', { name: 'Add rule' }).click();
  await editor.getByRole('button', { name: 'Add source to rule 0' }).click();
  await addTag(page, 'principals of source 0 of rule 0', 'cluster.local/ns/shop/sa/storefront');
  await editor.getByRole('button', { name: 'Add operation to rule 0' }).click();
  await addTag(page, 'methods of operation 0 of rule 0', 'POST');
  await expect(editor.getByRole('region', { name: 'Preview' })).toContainText('newly denied', { ignoreCase: true, timeout: 20_000 });
  await editor.getByRole('button', { name: 'Apply', exact: true }).click();
  await expect(page.getByRole('list', { name: 'Policies' })).toContainText('no-storefront-payments');

  await openPage(page, 'Topology');
  const edge = page.getByRole('button', { name: /^storefront to payment-service/ }).first();
  await expect(
    edge
      .locator('[data-health="failure"]')
      .or(edge.and(page.locator('[data-health="failure"]')))
      .first(),
  ).toBeAttached({ timeout: 5_000 });
  await page.getByText('Table', { exact: true }).click();
  await page
    .getByRole('button', { name: /^Select storefront.* to payment-service/ })
    .first()
    .click();
  const requests = page.getByRole('region', { name: 'Recent requests' });
  await requests.getByText('Refused', { exact: true }).click();
  await expect(requests).toContainText('403');
  await expect(requests.getByRole('link', { name: /no-storefront-payments/ }).first()).toBeVisible();

  const refused = await throughGateway(mesh.gatewayUrl, 'POST', '/checkout?item=kettle');
  expect(refused.body).toMatchObject({ quote: null });

  await openPage(page, 'Configuration');
  await page.getByText('History', { exact: true }).click();
  await page.getByRole('list', { name: 'Revisions' }).getByText('no-storefront-payments').first().click();
  await page.getByRole('button', { name: 'Undo this revision' }).click();
  await expect
    .poll(async () => (await throughGateway(mesh.gatewayUrl, 'POST', '/checkout?item=kettle')).body)
    .toMatchObject({ quote: { quote: 12.5 } });
});

test('the effective mutual TLS of every workload names the policy that decides', async ({ console: page }) => {
  await openPage(page, 'Security');
  await page.getByText('Effective mTLS', { exact: true }).click();
  const table = page.getByRole('table', { name: 'Effective mTLS' });
  await expect(table.getByRole('row', { name: /payment-service-v1.*STRICT/i })).toBeVisible();
});

async function choose(page: Page, field: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: field }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
}

async function addTag(page: Page, field: string, value: string): Promise<void> {
  const input = page
    .getByRole('combobox', { name: field })
    .or(page.getByRole('textbox', { name: field }))
    .first();
  await input.fill(value);
  await input.press('Enter');
  await page.keyboard.press('Escape');
}
