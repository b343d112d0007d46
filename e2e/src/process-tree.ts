import { readdirSync, readFileSync } from 'node:fs';

/** One process of a tree, as Linux reports it. */
export interface ProcessUsage {
  readonly pid: number;
  readonly command: string;
  /** Proportional set size: memory shared with other processes is counted once over all of them. */
  readonly pssBytes: number;
  /** CPU time since the process started. */
  readonly cpuMs: number;
}

/** The process `pid` and all its descendants. Linux only. */
export function processTree(pid: number): readonly ProcessUsage[] {
  const childrenByParent = new Map<number, number[]>();
  for (const each of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
    const parent = readStat(each)?.parent;
    if (parent !== undefined) childrenByParent.set(parent, [...(childrenByParent.get(parent) ?? []), each]);
  }
  const pids = [pid];
  for (let i = 0; i < pids.length; i++) pids.push(...(childrenByParent.get(pids[i] ?? 0) ?? []));
  return pids.flatMap((each) => usage(each) ?? []);
}

const clockTicksPerSecond = 100;

function readStat(pid: number): { readonly parent: number; readonly cpuMs: number } | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields ? { parent: Number(fields[1]), cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1000) / clockTicksPerSecond } : null;
}

function usage(pid: number): ProcessUsage | null {
  const stat = readStat(pid);
  const pss = /^Pss:\s+(\d+) kB/m.exec(readOrNull(`/proc/${pid}/smaps_rollup`) ?? '');
  if (!stat || !pss) return null;
  const command = (readOrNull(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
  return { pid, command, pssBytes: Number(pss[1]) * 1024, cpuMs: stat.cpuMs };
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
