import type { MersenneTwister } from '@weft/core/engine/mersenne-twister';
import type { BlockCoverage } from './block-coverage.ts';
import { mutate } from './mutate.ts';

/** A parser, and what must hold whatever it is given. */
export interface Target {
  readonly name: string;
  /** Its sources, from the root of the repository. */
  readonly files: readonly string[];
  readonly samples: readonly Buffer[];
  /** Pieces that mean something to it. */
  readonly words: readonly Buffer[];
  /** Inputs between two looks at the coverage; fewer where one takes long. */
  readonly batch?: number;
  /** Throws when something does not hold. */
  run(input: Buffer): void | Promise<void>;
}

/** An input that broke something. */
interface Find {
  readonly input: Buffer;
  readonly problem: string;
}

export interface CampaignResult {
  readonly executions: number;
  readonly corpus: readonly Buffer[];
  readonly finds: readonly Find[];
}

const defaultBatch = 256;
/** Much longer than any input takes on a machine that is busy with other things. */
const slowMs = 5000;

/** Feeds a target with mutations of a corpus that grows by every input that runs a block none has run before. */
export async function runCampaign(
  target: Target,
  coverage: BlockCoverage,
  { random, endsAt }: { random: MersenneTwister; endsAt: number },
): Promise<CampaignResult> {
  const corpus: Buffer[] = [];
  const finds = new Map<string, Find>();
  let executions = 0;
  const tryAll = async (inputs: readonly Buffer[]): Promise<void> => {
    for (const input of inputs) {
      executions++;
      const startedAt = performance.now();
      const problem = await problemOf(target, input);
      const key = problem ?? (performance.now() - startedAt > slowMs ? `took more than ${slowMs} ms` : null);
      if (key !== null && !finds.has(key)) finds.set(key, { input, problem: key });
    }
  };
  /** Keeps those of the inputs that run something new, found by halving. */
  const keepNew = async (inputs: readonly Buffer[]): Promise<void> => {
    await tryAll(inputs);
    const marks = coverage.take();
    if (!coverage.isNew(marks)) return;
    const [only] = inputs;
    if (inputs.length > 1) {
      const half = inputs.length >> 1;
      await keepNew(inputs.slice(0, half));
      await keepNew(inputs.slice(half));
    } else if (only !== undefined) corpus.push(only);
    // What ran only in that company counts as known.
    coverage.remember(marks);
  };
  coverage.take();
  await keepNew(target.samples);
  while (performance.now() < endsAt) {
    const parents = corpus.length === 0 ? target.samples : corpus;
    const inputs = Array.from({ length: target.batch ?? defaultBatch }, () => {
      const parent = parents[random.below(parents.length)] ?? Buffer.alloc(0);
      return mutate(parent, random, { others: parents, words: target.words });
    });
    await keepNew(inputs);
  }
  return { executions, corpus, finds: [...finds.values()] };
}

/** The place where it broke tells finds apart, not the message, which may hold the input. */
async function problemOf(target: Target, input: Buffer): Promise<string | null> {
  try {
    await target.run(input);
    return null;
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    const place = error.stack?.split('\n').find((line) => line.trimStart().startsWith('at ')) ?? '';
    return `${error.name}: ${error.message.split('\n')[0]} ${place.trim()}`;
  }
}
