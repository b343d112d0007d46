import type { Mesh } from '../mesh/mesh.ts';
import { createMeshSettings } from '../mesh/mesh-settings.ts';
import { parseNode } from '../mesh/parse-node.ts';
import { type ProxyView, proxyView } from '../mesh/proxy-view.ts';
import { resolveMesh } from '../mesh/resolve-mesh.ts';
import { defaultMeshConfig, defaultMeshNetworks } from '../resource/default-mesh-config.ts';
import type { MeshConfig } from '../resource/mesh-config.ts';
import { parseYaml } from '../resource/parse.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { compile } from './compile.ts';

/** The mesh that YAML text means, for tests. */
export function meshOf(yaml: string, meshConfig: Partial<MeshConfig> = {}): Mesh {
  const { resources } = parseYaml(yaml, 'test.yaml');
  return resolveMesh(createResourceSet(resources), createMeshSettings({ ...defaultMeshConfig, ...meshConfig }, defaultMeshNetworks), null);
}

/** Who asks, for tests: a sidecar `app` in namespace `shop` unless said otherwise. */
export interface TestClient {
  readonly type?: 'sidecar' | 'router';
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ip?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly locality?: { readonly region?: string; readonly zone?: string; readonly subZone?: string };
}

/** What the client sees of the mesh. */
export function viewOf(mesh: Mesh, client: TestClient = {}): ProxyView {
  const { type = 'sidecar', namespace = 'shop', labels = {}, ip = '10.0.0.99' } = client;
  const metadata = { NAMESPACE: namespace, LABELS: labels, INSTANCE_IPS: ip, CLUSTER_ID: 'Kubernetes', ...client.metadata };
  const node = parseNode({
    id: `${type}~${ip}~app.${namespace}~${namespace}.svc.cluster.local`,
    metadata,
    ...(client.locality ? { locality: client.locality } : {}),
  });
  if (node === null) throw new Error('the node id of the test client cannot be read');
  return proxyView(mesh, node);
}

/** What the client is sent for YAML text. */
export function snapshotOf(yaml: string, client: TestClient = {}, meshConfig: Partial<MeshConfig> = {}): Snapshot {
  return compile(viewOf(meshOf(yaml, meshConfig), client));
}
