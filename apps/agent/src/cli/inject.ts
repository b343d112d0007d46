import type { ProxyConfig } from '@weft/core/resource/kinds';
import type { MeshConfig } from '@weft/core/resource/mesh-config';
import { parseYaml } from '@weft/core/resource/parse';
import { parseMeshConfig } from '@weft/core/resource/parse-mesh-config';
import { createResourceSet } from '@weft/core/resource/resource-set';
import { parseAllDocuments, stringify } from 'yaml';
import { injectPod } from '../operations/inject-pod.ts';
import type { Written } from '../operations/inject-probes.ts';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { parseCheckOptions, readInputs, readTextFile, runBatch, sharedOptionsHelp } from './options.ts';

const defaultImage = 'istio/proxyv2:1.29.0';

export const help = `usage: weft inject -f FILE… [options]

Adds the sidecar to pods, and to the pod templates of Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs and CronJobs; prints all resources. A pod
with label or annotation sidecar.istio.io/inject: "false", on the host's network or of a system namespace is left alone, as is one injected before.
ProxyConfigs among the resources say how the proxies of their namespace are run.

  --image IMAGE           image of the proxy (default ${defaultImage})
${sharedOptionsHelp}

example:
  weft inject -f pod.yaml | kubectl apply -f -
`;

const templatePaths: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

interface Context {
  readonly meshConfig: MeshConfig;
  readonly proxyConfigs: readonly ProxyConfig[];
  readonly image: string;
  readonly namespace: string;
}

/** Runs `weft inject`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const options = parseCheckOptions(args, { image: { type: 'string' } });
  const config = parseMeshConfig(options.meshConfig === null ? '' : readTextFile(options.meshConfig, io));
  if (!config.ok) throw new InputError(`${options.meshConfig}: ${config.error.message}`);
  const image = typeof options.values.image === 'string' ? options.values.image : defaultImage;
  const contextFor = (inputs: readonly InputText[]): Context => ({
    meshConfig: config.value,
    proxyConfigs: proxyConfigsIn(inputs),
    image,
    namespace: options.namespace ?? 'default',
  });
  if (options.batch) {
    return runBatch(io, (request) => {
      const input = { file: '-', text: yamlOf(request) };
      return injectText(input, contextFor([input]));
    });
  }
  if (options.files.length === 0) throw new UsageError('-f is needed: a file, a directory or - for stdin');
  const inputs = await readInputs(options.files, io);
  const context = contextFor(inputs);
  const resources = inputs.flatMap((input) => injectText(input, context));
  if (options.output === 'json') io.stdout.write(`${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: resources })}\n`);
  else
    io.stdout.write(resources.map((each) => stringify(each, { aliasDuplicateObjects: false, lineWidth: 0, version: '1.1' })).join('---\n'));
  return 0;
}

interface InputText {
  readonly file: string;
  readonly text: string;
}

function proxyConfigsIn(inputs: readonly InputText[]): readonly ProxyConfig[] {
  return createResourceSet(inputs.flatMap(({ file, text }) => parseYaml(text, file).resources)).ofKind('ProxyConfig');
}

function injectText({ file, text }: InputText, context: Context): readonly Written[] {
  return parseAllDocuments(text, { version: '1.1' }).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new InputError(`${file}: ${error.message}`);
    const value = document.toJS() as Written | null;
    if (typeof value !== 'object' || value === null) return [];
    const items = value.kind === 'List' && Array.isArray(value.items) ? (value.items as readonly Written[]) : [value];
    return items.map((item) => injectResource(item, context));
  });
}

function injectResource(resource: Written, context: Context): Written {
  const path = Object.hasOwn(templatePaths, String(resource.kind)) ? templatePaths[String(resource.kind)] : undefined;
  if (!path) return resource;
  const { name, namespace } = (resource.metadata ?? {}) as { readonly name?: string; readonly namespace?: string };
  const settings = { ...context, namespace: namespace ?? context.namespace, workloadName: name ?? '' };
  return changeAt(resource, path, (pod) => injectPod(pod, settings));
}

function changeAt(value: Written, [first, ...rest]: readonly string[], change: (inner: Written) => Written): Written {
  if (first === undefined) return change(value);
  const inner = value[first];
  return typeof inner === 'object' && inner !== null ? { ...value, [first]: changeAt(inner as Written, rest, change) } : value;
}

function yamlOf(request: unknown): string {
  const { yaml } = (request ?? {}) as { readonly yaml?: unknown };
  if (typeof yaml !== 'string') throw new UsageError('expected {"yaml": "…"}');
  return yaml;
}
