import { analyze, analyzerNames } from '@weft/core/analyze/analyze';
import { parseSuppression, type Suppression } from '@weft/core/analyze/suppression';
import { type MeshSources, readMeshSources } from '@weft/core/resource/installation';
import type { ResourceSet } from '@weft/core/resource/kinds';
import { locate } from '@weft/core/resource/locate';
import type { MeshConfig, MeshNetworks } from '@weft/core/resource/mesh-config';
import { type ParseProblem, parseYaml } from '@weft/core/resource/parse';
import { parseMeshConfig, parseMeshNetworks } from '@weft/core/resource/parse-mesh-config';
import { createResourceSet } from '@weft/core/resource/resource-set';
import { stringify } from 'yaml';
import { type AnalysisLine, formatLine, messageLine, problemLine } from './analysis-line.ts';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { type CheckOptions, type InputFile, parseCheckOptions, readInputs, readTextFile, runBatch, sharedOptionsHelp } from './options.ts';

export const help = `usage: weft analyze -f FILE… [options]

Finds mistakes in the resources of a mesh: each by itself, and all of them together.

${sharedOptionsHelp}
  --cluster NAME=FILE     resources of a further cluster of the mesh; repeatable
  --analyzer NAME         run this analyzer only, exactly as Istio's of that name; repeatable
  -S, --suppress CODE=PATTERN
                          leave out messages of CODE about resources that match, as "IST0102=Namespace test*"; repeatable
  --failure-threshold Error|Warning|Info
                          exit 1 from this level on (default Error)
  --list-analyzers        print the names of the analyzers

example: weft analyze -f mesh/ -S "IST0102=Namespace kube*"
`;

const levels = ['Info', 'Warning', 'Error'] as const;
type Level = (typeof levels)[number];

/** What is analysed, whether it came as files or as a JSON request. */
interface AnalyzeRequest {
  readonly files: readonly InputFile[];
  readonly clusters: Readonly<Record<string, readonly InputFile[]>>;
  readonly meshConfig: string | null;
  readonly meshNetworks: string | null;
  readonly namespace: string;
  readonly rootNamespace: string;
  readonly analyzers: readonly string[];
  readonly suppress: readonly string[];
}

interface AnalyzeAnswer {
  readonly lines: readonly AnalysisLine[];
  /** What was passed over, and what kept an analyzer asked for by name from its input. */
  readonly problems: readonly ParseProblem[];
}

/** Runs `weft analyze`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const options = parseCheckOptions(args, {
    cluster: { type: 'string', multiple: true },
    analyzer: { type: 'string', multiple: true },
    suppress: { type: 'string', short: 'S', multiple: true },
    'failure-threshold': { type: 'string' },
    'list-analyzers': { type: 'boolean' },
  });
  if (options.values['list-analyzers']) {
    io.stdout.write(`${analyzerNames.join('\n')}\n`);
    return 0;
  }
  if (options.batch) return runBatch(io, async (request) => (await answerRequest(request, options)).lines);
  const threshold = parseLevel(textOf(options.values['failure-threshold']) ?? 'Error');
  if (options.files.length + options.positionals.length + listOf(options.values.cluster).length === 0) {
    throw new UsageError('expected -f FILE, a directory, or - for standard input');
  }
  const answer = await answerFor(await readRequest(options, io));
  print(answer, options, io);
  const isFailing =
    answer.problems.some((problem) => problem.severity === 'error') ||
    answer.lines.some((line) => levels.indexOf(line.level) >= levels.indexOf(threshold));
  return isFailing && (options.output === 'text' || options.fail) ? 1 : 0;
}

async function readRequest(options: CheckOptions, io: CommandIo): Promise<AnalyzeRequest> {
  const clusters: Record<string, readonly InputFile[]> = {};
  for (const entry of listOf(options.values.cluster)) {
    const [name = '', file] = entry.split(/=(.*)/s, 2);
    if (name === '' || !file) throw new UsageError(`--cluster: expected NAME=FILE, found ${entry}`);
    clusters[name] = [...(clusters[name] ?? []), ...(await readInputs([file], io))];
  }
  return {
    files: await readInputs([...options.files, ...options.positionals], io),
    clusters,
    meshConfig: options.meshConfig === null ? null : readTextFile(options.meshConfig, io),
    meshNetworks: options.meshNetworks === null ? null : readTextFile(options.meshNetworks, io),
    namespace: options.namespace ?? '',
    rootNamespace: options.rootNamespace,
    analyzers: listOf(options.values.analyzer),
    suppress: listOf(options.values.suppress),
  };
}

/** The answer to one JSON request: `{"files": [{"name", "text"}], "clusters", "meshConfig", "meshNetworks", "namespace", "analyzers", "suppress"}`. */
async function answerRequest(value: unknown, options: CheckOptions): Promise<AnalyzeAnswer> {
  const request = (typeof value === 'object' ? value : null) as Readonly<Record<string, unknown>> | null;
  if (request?.files === undefined && request?.yaml === undefined && request?.clusters === undefined) {
    throw new UsageError('expected a JSON object with "files", "yaml" or "clusters"');
  }
  const clusters = typeof request.clusters === 'object' && request.clusters !== null ? Object.entries(request.clusters) : [];
  return answerFor({
    files: filesOf(request.files ?? request.yaml),
    clusters: Object.fromEntries(clusters.map(([name, files]) => [name, filesOf(files)] as const)),
    meshConfig: textOf(request.meshConfig),
    meshNetworks: textOf(request.meshNetworks),
    namespace: textOf(request.namespace) ?? options.namespace ?? '',
    rootNamespace: textOf(request.rootNamespace) ?? options.rootNamespace,
    analyzers: listOf(request.analyzers),
    suppress: listOf(request.suppress),
  });
}

async function answerFor(request: AnalyzeRequest): Promise<AnalyzeAnswer> {
  const unknown = request.analyzers.filter((name) => !analyzerNames.includes(name));
  if (unknown.length > 0) throw new UsageError(`--analyzer: there is no ${unknown.join(', ')}; --list-analyzers shows them`);
  const problems: ParseProblem[] = [];
  const parse = (files: readonly InputFile[]): ResourceSet => {
    const parsed = files.map(({ text, file }) => parseYaml(text, file, { defaultNamespace: request.namespace }));
    problems.push(...parsed.flatMap((result) => result.problems));
    return createResourceSet(parsed.flatMap((result) => result.resources));
  };
  const set = parse(request.files);
  // Named analyzers answer as Istio's, which take the mesh's settings from options alone.
  const written = request.analyzers.length === 0 ? readMeshSources(set) : null;
  const clusters = Object.fromEntries(Object.entries(request.clusters).map(([name, files]) => [name, parse(files)] as const));
  const hasPatches =
    request.analyzers.length === 0 && [set, ...Object.values(clusters)].some((each) => each.ofKind('EnvoyFilter').length > 0);
  const messages = analyze(set, {
    meshConfig: request.meshConfig === null && written ? written.meshConfig : meshConfigOf(request.meshConfig),
    meshNetworks: request.meshNetworks === null && written ? written.meshNetworks : meshNetworksOf(request.meshNetworks),
    rootNamespace: request.rootNamespace,
    namespace: request.namespace,
    analyzers: request.analyzers,
    suppress: request.suppress.map(suppressionOf),
    clusters,
    now: Date.now(),
    // Envoy's whole API is needed for this, so it is loaded for those who have patches.
    ...(hasPatches ? { isPatchApplicable: (await import('@weft/core/compile/envoy-filter')).isPatchApplicable } : {}),
  });
  const lines = messages.map(messageLine);
  if (!written) return { lines, problems };
  const unreadable = problems.filter((problem) => problem.severity === 'error');
  return {
    lines: [
      ...unreadable.map((problem) => problemLine('UnreadableDocument', problem)),
      ...settingsProblems(set, written).map((problem) => problemLine('UnreadableMeshSettings', problem)),
      ...lines,
    ],
    problems: problems.filter((problem) => problem.severity !== 'error'),
  };
}

function settingsProblems(set: ResourceSet, sources: MeshSources): readonly ParseProblem[] {
  return sources.problems.map(({ ref, path, message }) => {
    const source = set.all.find((resource) => resource.ref === ref)?.source ?? { file: '', line: 1, text: '' };
    return { ...locate(source, path), message: `${path}: ${message}`, severity: 'error', document: 0 };
  });
}

function meshConfigOf(text: string | null): MeshConfig {
  const parsed = parseMeshConfig(text ?? '');
  if (!parsed.ok) throw new InputError(`--mesh-config: ${parsed.error.message}`);
  return parsed.value;
}

function meshNetworksOf(text: string | null): MeshNetworks {
  const parsed = parseMeshNetworks(text ?? '');
  if (!parsed.ok) throw new InputError(`--mesh-networks: ${parsed.error.message}`);
  return parsed.value;
}

function suppressionOf(text: string): Suppression {
  const suppression = parseSuppression(text);
  if (suppression === null) throw new UsageError(`--suppress: expected CODE=PATTERN, as "IST0102=Namespace test*", found ${text}`);
  return suppression;
}

function print({ lines, problems }: AnalyzeAnswer, { output }: CheckOptions, io: CommandIo): void {
  for (const problem of problems)
    io.stderr.write(`${problem.file}:${problem.line}:${problem.column}: ${problem.severity}: ${problem.message}\n`);
  if (output === 'json') io.stdout.write(`${JSON.stringify(lines, null, 2)}\n`);
  else if (output === 'yaml') io.stdout.write(stringify(lines, { aliasDuplicateObjects: false }));
  else if (lines.length === 0) io.stdout.write(problems.length === 0 ? 'Nothing wrong found.\n' : '');
  else for (const line of lines) io.stdout.write(`${formatLine(line)}\n`);
}

function parseLevel(text: string): Level {
  const level = levels.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
  if (level === undefined) throw new UsageError(`--failure-threshold: expected Error, Warning or Info, found ${text}`);
  return level;
}

function filesOf(value: unknown): readonly InputFile[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return [{ file: '-', text: value }];
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value];
  return entries.map((entry, index) => {
    if (typeof entry === 'string') return { file: `${index}.yaml`, text: entry };
    const { name, file, text } = (entry ?? {}) as { readonly name?: unknown; readonly file?: unknown; readonly text?: unknown };
    if (typeof text !== 'string') throw new UsageError(`files[${index}]: expected {"name": "a.yaml", "text": "<YAML>"}`);
    return { file: textOf(file) ?? textOf(name) ?? `${index}.yaml`, text };
  });
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
