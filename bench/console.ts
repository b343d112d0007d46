// The console's production build in a real browser: first meaningful paint and the live graph, cold browser cache, medians of several loads.
//   node bench/console.ts
import { chromium } from '@playwright/test';
import { startMesh } from '@weft/e2e/running-mesh';
import { percentile } from './statistics.ts';

const loads = 7;
const mesh = await startMesh({ portOffset: 4500 });
const browser = await chromium.launch({
  executablePath: process.env.WEFT_BROWSER ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  const paints: number[] = [];
  const headings: number[] = [];
  const graphs: number[] = [];
  for (let i = 0; i < loads; i++) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const startedAt = performance.now();
    await page.goto(`${mesh.consoleUrl}/topology`, { waitUntil: 'commit' });
    await page.getByRole('heading', { level: 1 }).waitFor();
    headings.push(performance.now() - startedAt);
    await page
      .getByRole('button', { name: /^istio-ingressgateway to storefront/ })
      .first()
      .waitFor({ state: 'attached', timeout: 60_000 });
    graphs.push(performance.now() - startedAt);
    paints.push(await page.evaluate(() => globalThis.performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN));
    await context.close();
  }
  const line = (name: string, values: readonly number[]): void =>
    console.log(`${name}: median ${percentile(values, 50).toFixed(0)} ms, worst of ${loads} ${Math.max(...values).toFixed(0)} ms`);
  line('first contentful paint', paints);
  line('page heading', headings);
  line('live graph with edges', graphs);
} finally {
  await browser.close();
  await mesh.stop();
}
