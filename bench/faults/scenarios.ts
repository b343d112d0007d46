import { request } from 'node:http';
import type { WorkerGroup } from '@weft/proxy/workers/worker-group';
import { ControlPlaneForTest } from '@weft/proxy/xds/control-plane-for-test';
import type { LoadForTest } from '../../packages/proxy/faults/load-for-test.ts';
import type { MeshForTest } from '../../packages/proxy/faults/mesh-for-test.ts';

/** What a scenario works with. */
interface Rig {
  readonly mesh: MeshForTest;
  readonly group: WorkerGroup;
  readonly load: LoadForTest;
}

/** Something that goes wrong. */
export interface Scenario {
  readonly name: string;
  readonly isTls?: boolean;
  readonly perTryTimeout?: string;
  /** Clients go through a proxy of their own, whose retry policy covers what is reset. */
  readonly hasClientProxy?: boolean;
  run(rig: Rig): Promise<void>;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How much of it. */
export interface ScenarioSizes {
  readonly changes: number;
  readonly rotations: number;
  /** For the rotations. */
  readonly seconds: number;
}

/** All that goes wrong around one proxy of two workers. */
export const scenarios = ({ changes, rotations, seconds }: ScenarioSizes): readonly Scenario[] => [
  { name: 'nothing goes wrong', run: ({ load }) => load.answers(3000) },
  {
    name: `${changes} configuration changes`,
    run: async ({ mesh, load }) => {
      const kinds = ['clusters', 'endpoints', 'listeners', 'routes'] as const;
      for (let change = 0; change < changes; change++) {
        mesh.change(kinds[change % kinds.length] ?? 'routes');
        await sleep(5);
      }
      await load.answers(50);
    },
  },
  {
    name: `${rotations} certificate rotations in ${seconds} s`,
    isTls: true,
    run: async ({ mesh }) => {
      const pauseMs = (seconds * 1000) / rotations;
      for (let rotation = 0; rotation < rotations; rotation++) {
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
    name: 'certificates that live 4 s, renewed every 2 s',
    isTls: true,
    run: async ({ mesh, load }) => {
      for (let round = 0; round < 10; round++) {
        const next = sleep(2000);
        await mesh.rotateCertificates(4);
        await next;
      }
      await mesh.rotateCertificates();
      await load.answers(200);
    },
  },
  { name: '5 worker crashes (requests on the crashed worker are lost)', run: crashWorkers },
  { name: '5 worker crashes behind a proxy that retries', hasClientProxy: true, run: crashWorkers },
];

async function crashWorkers({ group, load }: Rig): Promise<void> {
  for (let crash = 0; crash < 5; crash++) {
    await group.crash(crash % 2);
    while ((await admin(group, '/ready', 'GET')) !== 200) await sleep(20);
    await load.answers(200);
  }
}

function admin(group: WorkerGroup, path: string, method = 'POST'): Promise<number> {
  return new Promise((resolve, reject) => {
    const made = request({ port: group.adminPort, host: '127.0.0.1', method, path }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    made.on('error', reject);
    made.end();
  });
}
