import type { Mesh } from '@weft/core/mesh/mesh';
import { createMeshSettings } from '@weft/core/mesh/mesh-settings';
import { resolveMesh } from '@weft/core/mesh/resolve-mesh';
import { readMeshSources } from '@weft/core/resource/installation';
import { parseYaml } from '@weft/core/resource/parse';
import { createResourceSet } from '@weft/core/resource/resource-set';
import { ask, type createAgentClient } from './agent-client.ts';

/** What is in force in a running mesh, resolved here from the files that its agent serves. @throws InputError */
export async function readAgentMesh(url: string, client: ReturnType<typeof createAgentClient>): Promise<Mesh> {
  const { resources } = await ask(url, client.config.list.query({ namespaces: [] }));
  const files = [...new Set(resources.map(({ file }) => file))].sort();
  const texts = await ask(url, Promise.all(files.map((file) => client.config.yaml.query({ file }))));
  const set = createResourceSet(texts.flatMap(({ file, text }) => parseYaml(text, file).resources));
  const { meshConfig, meshNetworks, clusterId } = readMeshSources(set);
  return resolveMesh(set, createMeshSettings(meshConfig, meshNetworks, { clusterId }), null);
}
