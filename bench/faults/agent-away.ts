import { describeLoad, LoadForTest } from '../../packages/proxy/faults/load-for-test.ts';
import { OriginForTest } from '../../packages/proxy/faults/origin-for-test.ts';
import { SidecarPair } from './sidecar-pair.ts';

const clients = 8;
/** About thirty requests a second of all clients. */
const pauseMs = 250;

/**
 * Kills the control plane under the feet of two sidecars at a light load and starts it again after some minutes, with a configuration that was
 * changed meanwhile. The certificates' lifetime decides what that means for them: by half of it they should be renewed.
 */
export async function agentAway(minutesAway: number, certificateTtlSeconds: number, say: (line: string) => unknown): Promise<string> {
  const origin = await OriginForTest.start();
  const pair = await SidecarPair.start(origin.port, certificateTtlSeconds);
  try {
    await until(() => pair.sees('before'));
    const load = new LoadForTest(pair.ports.proxy, clients, { host: 'origin.shop', pauseMs });
    await load.answers(200);
    await report(pair, load, { say, what: 'before' });
    const firstEnds = await pair.certificateEnds();
    await pair.killAgent();
    const back = performance.now() + minutesAway * 60_000;
    for (let minute = 1; performance.now() < back; minute++) {
      await sleep(Math.min(60_000, back - performance.now()));
      await report(pair, load, { say, what: `${minute} min away` });
    }
    pair.publish('after');
    await pair.startAgent();
    const returnedAt = performance.now();
    await until(() => pair.sees('after'));
    const caughtUp = performance.now() - returnedAt;
    const dueAtMs = firstEnds.map((end) => end.getTime() - (certificateTtlSeconds * 1000) / 2);
    if (dueAtMs.some((due) => due < Date.now())) {
      await until(async () => (await pair.certificateEnds()).every((end, index) => end.getTime() > (firstEnds[index]?.getTime() ?? 0)));
    }
    const renewed = performance.now() - returnedAt;
    await load.answers(500);
    await report(pair, load, { say, what: 'after' });
    const result = await load.stop();
    const inForce = `configuration in force on both sides ${(caughtUp / 1000).toFixed(1)} s after the agent was ready`;
    return `${describeLoad(result)}; ${inForce}, certificates in order after ${(renewed / 1000).toFixed(1)} s`;
  } finally {
    await pair.stop();
    await origin.kill();
  }
}

async function report(
  pair: SidecarPair,
  load: LoadForTest,
  { say, what }: { readonly say: (line: string) => unknown; readonly what: string },
): Promise<void> {
  const ends = (await pair.certificateEnds()).map((end) => `${((end.getTime() - Date.now()) / 60_000).toFixed(1)} min`);
  const memory = pair.residentMiB().map((each) => each.toFixed(1));
  say(`  ${what.padEnd(12)} RSS ${memory.join(' and ')} MiB, certificates end in ${ends.join(' and ')}, ${describeLoad(load.result)}`);
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(100);
}
