// Runs one proxy per bootstrap file in this process and prints its resident megabytes once all are ready, after a collection.
//   node --expose-gc many-sidecars.ts FILE…
import { readFileSync } from 'node:fs';
import { startProxies } from '@weft/proxy/proxy';
import type { Bootstrap } from '@weft/proxy/xds/bootstrap';
import { readBootstrapFile } from '@weft/proxy/xds/bootstrap';

const bootstraps = process.argv.slice(2).map((file): Bootstrap => {
  const read = readBootstrapFile(file);
  if (!read.ok) throw new Error(read.error);
  return read.value;
});
const results = await startProxies(bootstraps.map((bootstrap) => ({ bootstrap })));
for (const result of results) if (result.status === 'rejected') throw result.reason;
for (let i = 0; i < 3; i++) {
  await new Promise((resolve) => setTimeout(resolve, 200));
  globalThis.gc?.();
}
process.stdout.write(`${Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024}\n`);
process.exit(0);
