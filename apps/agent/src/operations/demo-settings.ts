import { z } from 'zod';
import type { DemoSettings } from '../api/config-types.ts';
import { WeftError } from '../api/weft-error.ts';
import type { AgentParts } from './agent-parts.ts';

const behaviours = z.record(z.string(), z.object({ errorPercent: z.number(), latencyMs: z.number() }));
const timeoutMs = 2_000;

/** How the demo's services are set to behave. */
export async function readDemoSettings({ surroundings: { demoUrl } }: AgentParts): Promise<DemoSettings> {
  if (demoUrl === null) return { available: false, workloads: [] };
  try {
    const response = await fetch(`${demoUrl}/behaviours`, { signal: AbortSignal.timeout(timeoutMs) });
    const workloads = Object.entries(behaviours.parse(await response.json())).map(([name, behaviour]) => ({ name, ...behaviour }));
    return { available: true, workloads };
  } catch {
    return { available: false, workloads: [] };
  }
}

/** Changes how a service of the demo behaves, while it runs. @throws WeftError */
export async function changeDemoSettings(
  parts: AgentParts,
  workload: string,
  settings: { readonly errorPercent: number; readonly latencyMs: number },
): Promise<DemoSettings> {
  const { demoUrl } = parts.surroundings;
  if (demoUrl === null) throw new WeftError('UNAVAILABLE', 'no demo runs beside this agent');
  let response: Response;
  try {
    response = await fetch(`${demoUrl}/behaviours/${encodeURIComponent(workload)}`, {
      method: 'PUT',
      body: JSON.stringify(settings),
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    throw new WeftError('UNAVAILABLE', `the demo does not answer: ${(error as Error).message}`);
  }
  if (!response.ok) throw new WeftError('INVALID', `the demo refused: ${await response.text()}`);
  return readDemoSettings(parts);
}
