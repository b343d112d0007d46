import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Ledger, ledgerClient, type StockClient, stockClient } from './clients.ts';
import { startControl } from './control.ts';
import { type Handler, startHttpApp } from './http-app.ts';
import { type Load, startLoad } from './load.ts';
import { startInventory, startLedger } from './servers.ts';
import type { Behaviours } from './settings.ts';
import { cart, catalog, orders, payment, recommendation, storefront } from './shop.ts';
import { readWorkloads, type Workload } from './workloads.ts';

const help = `The demo shop: real services on loopback, and visitors who enter through the ingress gateway.

  node demo/src/main.ts [--dir demo/mesh] [--gateway-port 8080] [--rate 100] [--control-port 20000]

  --dir DIR           mesh YAML; the WorkloadEntries and Sidecars in it say which ports to use
  --gateway-port N    loopback port of the ingress gateway's HTTP listener
  --rate N            visitors per second; 0 for none
  --control-port N    loopback port of the control endpoint (behaviours, load counts)
`;

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: join(import.meta.dirname, '../mesh') },
    'gateway-port': { type: 'string', default: '8080' },
    rate: { type: 'string', default: '100' },
    'control-port': { type: 'string', default: '20000' },
    help: { type: 'boolean', default: false },
  },
});

async function run(): Promise<void> {
  const workloads = readWorkloads(values.dir);
  if (workloads.length === 0) throw new Error(`no WorkloadEntry with a Sidecar of the same name in ${values.dir}`);
  const behaviours: Behaviours = new Map(
    workloads.filter(({ app }) => app === 'order-service').map(({ name }) => [name, { errorPercent: 0, latencyMs: 0 }]),
  );
  for (const workload of workloads) await start(workload, behaviours);
  let load: Load | null = null;
  await startControl(Number(values['control-port']), behaviours, () => load);
  if (Number(values.rate) > 0) load = startLoad(Number(values['gateway-port']), Number(values.rate), Math.random);
  process.stderr.write(`ready: ${workloads.length} services\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0));
}

async function start(workload: Workload, behaviours: Behaviours): Promise<unknown> {
  if (workload.app === 'inventory') return startInventory(workload.appPort);
  if (workload.app === 'ledger') return startLedger(workload.appPort);
  return startHttpApp(workload, handlerOf(workload, behaviours));
}

function handlerOf(workload: Workload, behaviours: Behaviours): Handler {
  switch (workload.app) {
    case 'storefront':
      return storefront;
    case 'catalog':
      return catalog(stock(workload));
    case 'cart':
      return cart();
    case 'recommendation':
      return recommendation;
    case 'order-service':
      return orders(workload.version, () => behaviours.get(workload.name) ?? { errorPercent: 0, latencyMs: 0 }, Math.random);
    case 'payment-service':
      return payment(ledger(workload));
    default:
      throw new Error(`no service of the shop is called ${workload.app} (WorkloadEntry ${workload.namespace}/${workload.name})`);
  }
}

const stock = (workload: Workload): StockClient => stockClient(egressPort(workload, 'grpc'));
const ledger = (workload: Workload): Ledger => ledgerClient(egressPort(workload, 'tcp'));

function egressPort(workload: Workload, name: string): number {
  const port = workload.egressPortByName.get(name);
  if (port === undefined)
    throw new Error(`Sidecar ${workload.namespace}/${workload.name}: expected an egress listener with a port named ${name}`);
  return port;
}

if (values.help) {
  process.stdout.write(help);
} else {
  await run().catch((error: NodeJS.ErrnoException & { port?: number }) => {
    const taken = error.code === 'EADDRINUSE' ? `port ${error.port} is taken` : error.message;
    process.stderr.write(`demo: cannot start the shop: ${taken}\n`);
    process.exit(1);
  });
}
