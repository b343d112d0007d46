// The whole laptop mesh: start, memory and CPU under the demo's load and without it, and what changing a canary's weights costs.
//   node bench/mesh.ts
import { setTimeout as delay } from 'node:timers/promises';
import { type AgentClient, agentClient } from '@weft/e2e/agent-client';
import { processTree } from '@weft/e2e/process-tree';
import { type RunningMesh, startMesh } from '@weft/e2e/running-mesh';
import { percentile } from './statistics.ts';

const changes = 100;
const portOffset = 4500;

const loaded = await startMesh({ portOffset });
try {
  console.log(`warm start until everything answers: ${(loaded.readyAfterMs / 1000).toFixed(1)} s`);
  await delay(30_000);
  await reportUsage(loaded, 'under the demo load');
  await reportChanges(loaded);
} finally {
  await loaded.stop();
}

const idle = await startMesh({ portOffset, rate: 0 });
try {
  await delay(20_000);
  await reportUsage(idle, 'without load');
} finally {
  await idle.stop();
}

async function reportUsage(mesh: RunningMesh, when: string): Promise<void> {
  const seconds = 15;
  const before = processTree(mesh.pid);
  await delay(seconds * 1000);
  const after = processTree(mesh.pid);
  const cpuMs = (list: typeof before): number => list.reduce((sum, each) => sum + each.cpuMs, 0);
  const bytes = after.reduce((sum, each) => sum + each.pssBytes, 0);
  const corePercent = (cpuMs(after) - cpuMs(before)) / (seconds * 10);
  console.log(`memory ${when}: ${(bytes / 1e6).toFixed(0)} MB in ${after.length} processes (proportional set size)`);
  for (const each of after) console.log(`  ${(each.pssBytes / 1e6).toFixed(0).padStart(4)} MB  ${each.command.slice(-80)}`);
  console.log(`CPU ${when}: ${corePercent.toFixed(1)} % of one core`);
}

async function reportChanges(mesh: RunningMesh): Promise<void> {
  const agent = agentClient(mesh.agentUrl);
  const before = await loadCounts(mesh);
  const durations: number[] = [];
  for (let i = 0; i < changes; i++) durations.push(await changeWeights(agent, (i * 7) % 101));
  await delay(2_000);
  const after = await loadCounts(mesh);
  console.log(
    `weight change to all ACKs over ${changes} changes: p50 ${percentile(durations, 50).toFixed(0)} ms, p99 ${percentile(durations, 99).toFixed(0)} ms`,
  );
  console.log(`requests during the changes: ${after.sent - before.sent}, failed: ${after.failed - before.failed}`);
}

/** From sending the change until every proxy has acknowledged it, in milliseconds. */
async function changeWeights(agent: AgentClient, weight: number): Promise<number> {
  const startedAt = performance.now();
  const applied = await agent.mutate<{ status: string; revision: number; reason?: string }>('rollouts.applyWeights', {
    id: 'default/order-service/http[0]',
    weights: [100 - weight, weight],
    who: 'bench',
  });
  if (applied.status !== 'applied') throw new Error(`the change was refused: ${applied.reason}`);
  for (;;) {
    const { pending, nacked } = await agent.query<{ pending: number; nacked: number }>('config.convergence', {
      revision: applied.revision,
    });
    if (nacked > 0) throw new Error(`revision ${applied.revision} was refused by ${nacked} proxies`);
    if (pending === 0) return performance.now() - startedAt;
    if (performance.now() - startedAt > 10_000) throw new Error(`revision ${applied.revision} was not acknowledged within 10 s`);
    await delay(2);
  }
}

async function loadCounts(mesh: RunningMesh): Promise<{ sent: number; failed: number }> {
  return (await (await fetch(`${mesh.controlUrl}/load`)).json()) as { sent: number; failed: number };
}
