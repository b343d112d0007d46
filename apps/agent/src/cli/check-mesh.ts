import { compile } from '@weft/core/compile/compile';
import type { Mesh } from '@weft/core/mesh/mesh';
import { createMeshSettings } from '@weft/core/mesh/mesh-settings';
import { type NodeJson, parseNode } from '@weft/core/mesh/parse-node';
import type { ProxyNode } from '@weft/core/mesh/proxy-node';
import { type ProxyView, proxyView } from '@weft/core/mesh/proxy-view';
import { resolveMesh } from '@weft/core/mesh/resolve-mesh';
import { buildPlan } from '@weft/core/plan/build-plan';
import type { Plan } from '@weft/core/plan/plan';
import { defaultMeshNetworks } from '@weft/core/resource/default-mesh-config';
import type { MeshConfig, MeshNetworks } from '@weft/core/resource/mesh-config';
import { parseYaml } from '@weft/core/resource/parse';
import { parseMeshConfig, parseMeshNetworks } from '@weft/core/resource/parse-mesh-config';
import { withProviderEnvironment } from '@weft/core/resource/provider-environment';
import type { Resource } from '@weft/core/resource/resource';
import { createResourceSet } from '@weft/core/resource/resource-set';
import type { Snapshot } from '@weft/core/snapshot/snapshot';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { type CheckOptions, readInputs, readTextFile } from './options.ts';

/** The configuration a check was given, ready to be asked about proxies. */
export interface CheckMesh {
  readonly resources: readonly Resource[];
  readonly meshConfig: MeshConfig;
  readonly meshNetworks: MeshNetworks;
  readonly defaultNamespace: string;
}

/** One proxy of a mesh with everything it would be sent. */
export interface CheckProxy {
  readonly mesh: Mesh;
  readonly view: ProxyView;
  readonly snapshot: Snapshot;
  readonly plan: Plan;
}

/** A proxy as the checks' requests describe it. */
export interface ProxyRequest {
  readonly type?: 'sidecar' | 'router' | 'waypoint';
  readonly ip?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly cluster?: string;
  readonly network?: string;
  /** `region/zone/subzone`. */
  readonly locality?: string;
  readonly serviceAccount?: string;
}

/** Reads `-f`, `--mesh-config` and `--mesh-networks`. @throws InputError when a file cannot be read or is no YAML. */
export async function readCheckMesh(options: CheckOptions, io: CommandIo): Promise<CheckMesh> {
  const defaultNamespace = options.namespace ?? 'default';
  const resources: Resource[] = [];
  for (const { file, text } of await readInputs(options.files, io)) {
    const parsed = parseYaml(text, file, { defaultNamespace });
    const problem = parsed.problems.find(({ severity }) => severity === 'error');
    if (problem) throw new InputError(`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`);
    resources.push(...parsed.resources);
  }
  const meshConfig = readMeshConfig(options, io);
  return { resources, meshConfig, meshNetworks: readMeshNetworks(options, io), defaultNamespace };
}

/** What all resources together mean. */
export function resolveCheckMesh(given: CheckMesh, more: readonly Resource[] = [], meshConfig: MeshConfig = given.meshConfig): Mesh {
  const settings = createMeshSettings(meshConfig, given.meshNetworks, { defaultNamespace: given.defaultNamespace });
  return resolveMesh(createResourceSet([...given.resources, ...more]), settings, null);
}

/** Compiles what a proxy would be sent. */
export function compileCheckProxy(mesh: Mesh, node: ProxyNode): CheckProxy {
  const view = proxyView(mesh, node);
  const snapshot = compile(view);
  return { mesh, view, snapshot, plan: buildPlan(snapshot, null) };
}

/** The Envoy node of a described proxy. @throws UsageError when it cannot be one. */
export function nodeOf(request: ProxyRequest): ProxyNode {
  const { type = 'sidecar', ip = '1.1.1.1', namespace = 'default', name = 'proxy' } = request;
  const [region = '', zone = '', subZone = ''] = (request.locality ?? '').split('/');
  const node: NodeJson = {
    id: `${type}~${ip || '1.1.1.1'}~${name}.${namespace}~${namespace}.svc.cluster.local`,
    cluster: `${name}.${namespace}`,
    metadata: {
      NAME: name,
      NAMESPACE: namespace,
      LABELS: request.labels ?? {},
      ...(request.cluster ? { CLUSTER_ID: request.cluster } : {}),
      ...(request.network ? { NETWORK: request.network } : {}),
      ...(request.serviceAccount ? { SERVICE_ACCOUNT: request.serviceAccount } : {}),
    },
    locality: { region, zone, subZone },
  };
  const parsed = parseNode(node);
  if (!parsed) throw new UsageError(`not a proxy: expected type sidecar, router or waypoint, found ${type}`);
  return parsed;
}

function readMeshConfig(options: CheckOptions, io: CommandIo): MeshConfig {
  const text = options.meshConfig === null ? '' : readTextFile(options.meshConfig, io);
  const parsed = parseMeshConfig(text);
  if (!parsed.ok) throw new InputError(`${options.meshConfig}: ${parsed.error.message}`);
  const meshConfig = withProviderEnvironment(parsed.value, process.env);
  return options.rootNamespace === 'istio-system' ? meshConfig : { ...meshConfig, rootNamespace: options.rootNamespace };
}

function readMeshNetworks(options: CheckOptions, io: CommandIo): MeshNetworks {
  if (options.meshNetworks === null) return defaultMeshNetworks;
  const parsed = parseMeshNetworks(readTextFile(options.meshNetworks, io));
  if (!parsed.ok) throw new InputError(`${options.meshNetworks}: ${parsed.error.message}`);
  return parsed.value;
}
