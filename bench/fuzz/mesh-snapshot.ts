import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '@weft/core/compile/compile';
import { createMeshSettings } from '@weft/core/mesh/mesh-settings';
import { parseNode } from '@weft/core/mesh/parse-node';
import { proxyView } from '@weft/core/mesh/proxy-view';
import { resolveMesh } from '@weft/core/mesh/resolve-mesh';
import { defaultMeshConfig, defaultMeshNetworks } from '@weft/core/resource/default-mesh-config';
import { parseYaml } from '@weft/core/resource/parse';
import { createResourceSet } from '@weft/core/resource/resource-set';
import type { Snapshot } from '@weft/core/snapshot/snapshot';

const directory = join(import.meta.dirname, '../../demo/mesh');

/** The texts of the demo's mesh. */
export const demoTexts: readonly string[] = readdirSync(directory).map((file) => readFileSync(join(directory, file), 'utf8'));

/** What the demo's storefront is sent. */
export function demoSnapshot(): Snapshot {
  const resources = demoTexts.flatMap((text) => parseYaml(text, 'demo.yaml').resources);
  const mesh = resolveMesh(createResourceSet(resources), createMeshSettings(defaultMeshConfig, defaultMeshNetworks), null);
  const metadata = { NAMESPACE: 'shop', LABELS: { app: 'storefront', version: 'v1' }, HTTP_PROXY_PORT: '22101', INTERCEPTION_MODE: 'NONE' };
  const node = parseNode({ id: 'sidecar~127.0.0.1~storefront-v1.shop~shop.svc.cluster.local', metadata });
  if (node === null) throw new Error('the node id cannot be read');
  return compile(proxyView(mesh, node), null);
}
