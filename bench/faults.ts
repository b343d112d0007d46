import { parseArgs } from 'node:util';
import { WorkerGroup } from '@weft/proxy/workers/worker-group';
import { startHop } from '../packages/proxy/conformance/hop.ts';
import { freePort } from '../packages/proxy/faults/free-port-for-test.ts';
import { describeLoad, LoadForTest } from '../packages/proxy/faults/load-for-test.ts';
import { MeshForTest } from '../packages/proxy/faults/mesh-for-test.ts';
import { agentAway } from './faults/agent-away.ts';
import { type Scenario, scenarios } from './faults/scenarios.ts';

const help = `Requests lost while things go wrong around the proxy: two workers, two origins, a control plane, and clients that never rest.

  node bench/faults.ts [--clients 16] [--changes 1000] [--rotations 100] [--seconds 60] [--minutes 60] [--only NAME]

A request counts as answered when it got its whole response with 200. The route retries what was refused, reset or not answered in 3 s (0.3 s
where an upstream is silent),
so nothing but the crash of a worker, which ends the connections it holds, may lose one. --seconds is the time for the rotations.

Two more only by name, of whole processes: \`agent-away\`, whose control plane is killed for --minutes under a light load while the certificates of
its two sidecars come due (they live 5/3 of that time, which should be some minutes), and \`certificates-expire\`, where they end half-way and requests are lost until it is back.

Peers that vanish without a word need network namespaces, and so root: \`unshare --net node bench/faults/vanished-peers.ts\`.
`;

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '16' },
    changes: { type: 'string', default: '1000' },
    rotations: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '60' },
    minutes: { type: 'string', default: '60' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** For a proxy in front of the one that things happen to. */
const retryPolicy = { retryOn: 'connect-failure,refused-stream,reset', numRetries: 5 };

async function measure({ isTls = false, perTryTimeout = '3s', hasClientProxy = false, run }: Scenario): Promise<string> {
  const port = await freePort();
  const mesh = await MeshForTest.start({ isTls, port, perTryTimeout });
  const group = await WorkerGroup.start({
    bootstrap: mesh.bootstrap(),
    count: 2,
    log: () => {},
    drainTimeMs: 100,
    listenerDrainMs: 60_000,
    drainStrategy: 'gradual',
  });
  await group.ready;
  const client = hasClientProxy ? await startHop(port, { route: { retryPolicy } }) : null;
  const load = new LoadForTest(client?.port ?? port, Number(values.clients), { ca: isTls ? mesh.authority.root : null });
  await load.answers(200);
  await run({ mesh, group, load });
  const result = await load.stop();
  await client?.proxy.stop();
  await group.stop();
  await mesh.stop();
  return describeLoad(result);
}

async function runAway(lifetimes: number): Promise<void> {
  const minutes = Number(values.minutes);
  const say = (line: string): unknown => process.stdout.write(`${line}\n`);
  say(await agentAway(minutes, Math.round(minutes * 60 * lifetimes), say));
}

if (values.help) process.stdout.write(help);
else if (values.only === 'agent-away') await runAway(5 / 3);
else if (values.only === 'certificates-expire') await runAway(1 / 2);
else {
  const [changes, rotations, seconds] = [Number(values.changes), Number(values.rotations), Number(values.seconds)];
  for (const scenario of scenarios({ changes, rotations, seconds })) {
    if (values.only !== undefined && !scenario.name.includes(values.only)) continue;
    process.stdout.write(`${scenario.name.padEnd(64)} ${await measure(scenario)}\n`);
  }
}
process.exit(0);
