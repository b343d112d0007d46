import { compile } from '@weft/core/compile/compile';
import type { Mesh } from '@weft/core/mesh/mesh';
import { createMeshSettings } from '@weft/core/mesh/mesh-settings';
import { parseNode } from '@weft/core/mesh/parse-node';
import { type ProxyView, proxyView } from '@weft/core/mesh/proxy-view';
import { resolveMesh } from '@weft/core/mesh/resolve-mesh';
import { defaultMeshConfig, defaultMeshNetworks } from '@weft/core/resource/default-mesh-config';
import type { Resource } from '@weft/core/resource/resource';
import { createResourceSet } from '@weft/core/resource/resource-set';
import type { Snapshot } from '@weft/core/snapshot/snapshot';

// Resolve and compile for one sidecar: from nothing, and after one EndpointSlice changed.
// node bench/compile.ts [services=1000] [endpoints per service=10] [runs=15]
const [serviceCount = 1000, endpointCount = 10, runs = 15] = process.argv.slice(2).map(Number);
const source = { file: 'bench.yaml', line: 1, text: '' };

function resource(kind: string, group: string, name: string, content: Record<string, unknown>): Resource {
  const namespace = `ns-${Number(name.replace(/\D/g, '')) % 20}`;
  const labels = (content.labels ?? {}) as Record<string, string>;
  return {
    ref: { group, version: 'v1', kind, namespace, name },
    labels,
    annotations: {},
    createdAt: null,
    spec: content.spec,
    raw: content,
    source,
  };
}

function service(index: number): Resource {
  const clusterIP = `10.${index >> 8}.${index & 255}.1`;
  const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
  return resource('Service', '', `s${index}`, { spec: { clusterIP, selector: { app: `s${index}` }, ports } });
}

function slice(index: number, last: number): Resource {
  const endpoints = Array.from({ length: endpointCount }, (_, at) => ({
    addresses: [`10.${128 + (index >> 8)}.${index & 255}.${at === 0 ? last : at + 10}`],
  }));
  return resource('EndpointSlice', 'discovery.k8s.io', `s${index}`, {
    labels: { 'kubernetes.io/service-name': `s${index}` },
    addressType: 'IPv4',
    endpoints,
    ports: [{ name: 'http', port: 8080 }],
  });
}

const services = Array.from({ length: serviceCount }, (_, index) => service(index));
const slices = Array.from({ length: serviceCount }, (_, index) => slice(index, 10));
const settings = createMeshSettings(defaultMeshConfig, defaultMeshNetworks);
const node = parseNode({ id: 'sidecar~10.250.0.1~client.ns-0~ns-0.svc.cluster.local', metadata: { NAMESPACE: 'ns-0' } });
if (node === null) throw new Error('the node id of this benchmark cannot be read');

interface Run {
  readonly mesh: Mesh;
  readonly view: ProxyView;
  readonly snapshot: Snapshot;
  readonly ms: number;
  /** Processor time of the whole process, which other programs on the machine do not lengthen. */
  readonly cpuMs: number;
}

function run(resources: readonly Resource[], previous: Run | null): Run {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const mesh = resolveMesh(createResourceSet(resources), settings, previous?.mesh ?? null);
  const view = proxyView(mesh, node ?? unreachable());
  const snapshot = compile(view, previous);
  return { mesh, view, snapshot, ms: performance.now() - start, cpuMs: cpuSince(cpu) };
}

function cpuSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function unreachable(): never {
  throw new Error('unreachable');
}

function summary(runs: readonly Run[]): string {
  const sorted = runs.map((run) => run.ms).sort((a, b) => a - b);
  const cpu = runs.map((run) => run.cpuMs).sort((a, b) => a - b);
  const at = (list: readonly number[], share: number) => (list[Math.min(list.length - 1, Math.floor(list.length * share))] ?? 0).toFixed(1);
  return `median ${at(sorted, 0.5)} ms, best ${at(sorted, 0)} ms, worst ${at(sorted, 1)} ms; processor time median ${at(cpu, 0.5)} ms`;
}

let current = run([...services, ...slices], null);
console.log(
  `${serviceCount} services x ${endpointCount} endpoints: ${current.snapshot.clusters.length} clusters, ${current.snapshot.endpoints.length} load assignments`,
);
console.log(`first run in the process: ${current.ms.toFixed(1)} ms; processor time ${current.cpuMs.toFixed(1)} ms`);
const cold = Array.from({ length: runs }, () => run([...services, ...slices], null));
console.log(`from nothing: ${summary(cold)}`);
const changed: Run[] = [];
for (let turn = 0; turn < runs; turn++) {
  const at = (turn * 37) % serviceCount;
  slices[at] = slice(at, 100 + turn);
  current = run([...services, ...slices], current);
  changed.push(current);
}
console.log(`after one endpoint changed: ${summary(changed)}`);
