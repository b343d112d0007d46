import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger, StockClient } from './clients.ts';
import type { Handler } from './http-app.ts';
import type { Behaviour } from './settings.ts';

const skus = ['teapot', 'kettle', 'cup', 'saucer', 'strainer'];
const skuOf = (path: string): string => skus.find((sku) => path.includes(sku)) ?? 'teapot';

/** The front of the shop: pages put together from the other services. */
export const storefront: Handler = async ({ method, path, send }) => {
  if (path.startsWith('/checkout')) {
    const quote = await send('POST', 'http://payment-service.default.svc.cluster.local/quote', { sku: skuOf(path) });
    const order = await send('POST', 'http://order-service.default.svc.cluster.local/api/orders', { sku: skuOf(path) });
    return { status: order.status, body: { order: order.body, quote: quote.status === 200 ? quote.body : null } };
  }
  if (path.startsWith('/cart'))
    return send(method, 'http://cart.shop.svc.cluster.local/cart', method === 'POST' ? { sku: skuOf(path) } : undefined);
  const [catalog, recommendations] = await Promise.all([
    send('GET', `http://catalog.shop.svc.cluster.local/products/${skuOf(path)}`),
    send('GET', 'http://recommendation.shop.svc.cluster.local/recommendations'),
  ]);
  return { status: catalog.status, body: { product: catalog.body, recommendations: recommendations.body } };
};

/** Products, each with its stock level from the gRPC inventory. */
export const catalog =
  (stock: StockClient): Handler =>
  async ({ path }) => {
    const sku = skuOf(path);
    return { status: 200, body: { sku, price: 12.5, available: await stock.available(sku) } };
  };

/** A cart that remembers the last few things put in. */
export function cart(): Handler {
  const items: string[] = [];
  return ({ method, body }) => {
    if (method === 'POST') items.push(body.slice(0, 40));
    items.splice(0, Math.max(0, items.length - 5));
    return { status: method === 'POST' ? 201 : 200, body: { items } };
  };
}

/** Two products that go well together, as the catalog knows them. */
export const recommendation: Handler = async ({ send }) => {
  const products = await Promise.all(['cup', 'saucer'].map((sku) => send('GET', `http://catalog.shop.svc.cluster.local/products/${sku}`)));
  return { status: 200, body: products.map((product) => product.body) };
};

/** Orders: reading is answered at once, placing one asks the payment service. Its behaviour can be spoiled for practice. */
export const orders =
  (version: string, behaviour: () => Behaviour, random: () => number): Handler =>
  async ({ method, send }) => {
    const { errorPercent, latencyMs } = behaviour();
    if (latencyMs > 0) await delay(latencyMs);
    if (random() * 100 < errorPercent) return { status: 500, body: { error: 'order-service is set to fail', version } };
    if (method !== 'POST') return { status: 200, body: { version, orders: [] } };
    const payment = await send('POST', 'http://payment-service.default.svc.cluster.local/pay', { amount: 12.5 });
    return { status: payment.status === 200 ? 201 : 502, body: { version, payment: payment.body } };
  };

/** Payments, each written to the ledger over plain TCP. */
export const payment =
  (ledger: Ledger): Handler =>
  async ({ path, body }) =>
    path.startsWith('/quote')
      ? { status: 200, body: { quote: 12.5 } }
      : { status: 200, body: { paid: true, entry: await ledger.append(`pay ${body.slice(0, 80)}`) } };
