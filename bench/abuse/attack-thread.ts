import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Attack, AttackSize, Endings } from '../../packages/proxy/faults/attack-for-test.ts';
import { http1Attacks, tlsAttacks } from '../../packages/proxy/faults/http1-attacks-for-test.ts';
import { http2Attacks } from '../../packages/proxy/faults/http2-attacks-for-test.ts';

export const allAttacks: readonly Attack[] = [...http1Attacks, ...tlsAttacks, ...http2Attacks];

/** Runs an attack in a thread of its own, so that it does not slow those down who are to be watched. */
export function attackFromThread(name: string, size: AttackSize): Promise<Endings> {
  const thread = new Worker(new URL(import.meta.url), { workerData: { name, size } });
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

async function run({ name, size }: { readonly name: string; readonly size: AttackSize }): Promise<void> {
  const found = allAttacks.find((each) => each.name === name);
  if (found !== undefined) parentPort?.postMessage(await found.run(size));
}

if (!isMainThread) await run(workerData);
