import { request } from 'node:http';
import { parseArgs } from 'node:util';
import { WorkerGroup } from '@weft/proxy/workers/worker-group';
import { ControlPlaneForTest } from '@weft/proxy/xds/control-plane-for-test';
import { freePort } from '../packages/proxy/faults/free-port-for-test.ts';
import { describeLoad, LoadForTest } from '../packages/proxy/faults/load-for-test.ts';
import { MeshForTest } from '../packages/proxy/faults/mesh-for-test.ts';
import { agentAway } from './faults/agent-away.ts';

const help = `Requests lost while things go wrong around the proxy: two workers, two origins, a control plane, and clients that never rest.

  node bench/faults.ts [--clients 16] [--changes 1000] [--rotations 100] [--seconds 60] [--minutes 60] [--only NAME]

A request counts as answered when it got its whole response with 200. The route retries what was refused, reset or not answered in 3 s (0.3 s
where an upstream is silent),
so nothing but the crash of a worker, which ends the connections it holds, may lose one. --seconds is the time for the rotations.

Two more only by name, of whole processes: \`agent-away\`, whose control plane is killed for --minutes under a light load while the certificates of
its two sidecars come due (they live 5/3 of that time, which should be some minutes), and \`certificates-expire\`, where they end half-way and requests are lost until it is back.
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

/** What a scenario works with. */
interface Rig {
  readonly mesh: MeshForTest;
  readonly group: WorkerGroup;
  readonly load: LoadForTest;
}

interface Scenario {
  readonly name: string;
  readonly isTls?: boolean;
  readonly perTryTimeout?: string;
  run(rig: Rig): Promise<void>;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const scenarios: readonly Scenario[] = [
  { name: 'nothing goes wrong', run: ({ load }) => load.answers(3000) },
  {
    name: `${values.changes} configuration changes`,
    run: async ({ mesh, load }) => {
      const kinds = ['clusters', 'endpoints', 'listeners', 'routes'] as const;
      for (let change = 0; change < Number(values.changes); change++) {
        mesh.change(kinds[change % kinds.length] ?? 'routes');
        await sleep(5);
      }
      await load.answers(50);
    },
  },
  {
    name: `${values.rotations} certificate rotations in ${values.seconds} s`,
    isTls: true,
    run: async ({ mesh }) => {
      const pauseMs = (Number(values.seconds) * 1000) / Number(values.rotations);
      for (let rotation = 0; rotation < Number(values.rotations); rotation++) {
        const next = sleep(pauseMs);
        await mesh.rotateCertificates();
        await next;
      }
    },
  },
  {
    name: '20 upstream restarts',
    run: async ({ mesh, load }) => {
      for (let restart = 0; restart < 20; restart++) {
        const origin = mesh.origins[restart % 2];
        await origin?.kill();
        await load.answers(100);
        await origin?.start();
        await load.answers(100);
      }
    },
  },
  {
    name: 'an upstream that accepts and does not answer',
    perTryTimeout: '0.3s',
    run: async ({ mesh, load }) => {
      const [origin] = mesh.origins;
      if (origin !== undefined) origin.isSilent = true;
      await load.answers(200);
      if (origin !== undefined) origin.isSilent = false;
      await load.answers(200);
    },
  },
  {
    name: 'control plane killed, back after 10 s at its port',
    run: async ({ mesh, load }) => {
      const { port } = mesh.control;
      mesh.control.stop();
      await sleep(10_000);
      const next = await ControlPlaneForTest.start(port);
      mesh.moveTo(next);
      await mesh.publishAll();
      await next.seen(({ kind, nonce }) => kind === 'routes' && nonce !== '');
      await load.answers(500);
    },
  },
  {
    name: 'graceful drain of all listeners',
    run: async ({ group, load }) => {
      await admin(group, '/drain_listeners?graceful');
      await load.answers(1000);
    },
  },
  {
    name: 'health check failed and passed again',
    run: async ({ group, load }) => {
      await admin(group, '/healthcheck/fail');
      await load.answers(1000);
      await admin(group, '/healthcheck/ok');
      await load.answers(1000);
    },
  },
  {
    name: '5 worker crashes (requests on the crashed worker are lost)',
    run: async ({ group, load }) => {
      for (let crash = 0; crash < 5; crash++) {
        await group.crash(crash % 2);
        while ((await admin(group, '/ready', 'GET')) !== 200) await sleep(20);
        await load.answers(200);
      }
    },
  },
];

function admin(group: WorkerGroup, path: string, method = 'POST'): Promise<number> {
  return new Promise((resolve, reject) => {
    const made = request({ port: group.adminPort, host: '127.0.0.1', method, path }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    made.on('error', reject);
    made.end();
  });
}

async function measure({ isTls = false, perTryTimeout = '3s', run }: Scenario): Promise<string> {
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
  const load = new LoadForTest(port, Number(values.clients), { ca: isTls ? mesh.authority.root : null });
  await load.answers(200);
  await run({ mesh, group, load });
  const result = await load.stop();
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
  for (const scenario of scenarios) {
    if (values.only !== undefined && !scenario.name.includes(values.only)) continue;
    process.stdout.write(`${scenario.name.padEnd(64)} ${await measure(scenario)}\n`);
  }
}
process.exit(0);
