import { expect, openPage, test } from './mesh-test.ts';

const callsOfTheShop = [
  'istio-ingressgateway to storefront',
  'istio-ingressgateway to order-service',
  'storefront to catalog',
  'storefront to payment-service',
  'order-service to payment-service',
  'payment-service to ledger',
  'catalog to inventory',
];

test('the graph shows who calls whom, all of it with mutual TLS', async ({ console: page }) => {
  await openPage(page, 'Topology');
  for (const call of callsOfTheShop) {
    await expect(page.getByRole('button', { name: new RegExp(`^${call}.*mTLS 100 percent`) }).first(), call).toBeAttached({
      timeout: 30_000,
    });
  }
});

test('an edge opens its figures, its codes and its recent requests', async ({ console: page }) => {
  await openPage(page, 'Topology');
  await page.getByText('Table', { exact: true }).click();
  await page
    .getByRole('button', { name: /^Select storefront.* to payment-service/ })
    .first()
    .click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await expect(details.getByRole('heading', { name: 'Response codes' })).toBeVisible();
  await expect(details).toContainText('cluster.local/ns/shop/sa/storefront');
  await expect(details.getByRole('region', { name: 'Recent requests' })).toContainText('/quote');
});

test('a link reproduces the view', async ({ console: page, mesh }) => {
  await page.goto(`${mesh.consoleUrl}/topology?view=table&graph=service&last=1m&ns=shop`);
  await expect(page.getByRole('combobox', { name: 'Time range' })).toHaveValue('Last 1m');
  await expect(page.getByRole('combobox', { name: 'Graph type' })).toHaveValue('Services');
  await expect(page.getByRole('button', { name: 'Namespaces: shop' })).toBeVisible();
  await expect(page.getByRole('table', { name: 'Edges of the graph' })).toBeVisible();
});
