import { performance } from 'node:perf_hooks';
import { createAnalysisCache } from '@weft/core/analyze/analysis-cache';
import { analyze } from '@weft/core/analyze/analyze';
import { defaultMeshConfig, defaultMeshNetworks } from '@weft/core/resource/default-mesh-config';
import { parseYaml } from '@weft/core/resource/parse';
import { createResourceSet } from '@weft/core/resource/resource-set';

/** Times the check of a mesh of 5,000 resources from text to messages, and of the same mesh after one resource was edited. */
const objectCount = Number(process.argv[2] ?? 5000);
const rounds = 15;

const text = generateMesh(objectCount);
const settings = { meshConfig: defaultMeshConfig, meshNetworks: defaultMeshNetworks };
const whole: number[] = [];
const parsing: number[] = [];
const recheck: number[] = [];
let messages = 0;
let resourceCount = 0;

for (let round = 0; round < rounds; round++) {
  const start = performance.now();
  const { resources } = parseYaml(text, 'mesh.yaml');
  const parsed = performance.now();
  const cache = createAnalysisCache();
  messages = analyze(createResourceSet(resources), { ...settings, cache }).length;
  const done = performance.now();
  resourceCount = resources.length;
  parsing.push(parsed - start);
  whole.push(done - start);

  const edited = parseYaml(virtualService(round, 'v2'), 'edited.yaml').resources[0];
  if (!edited) throw new Error('the edited resource did not parse');
  const next = resources.map((resource) =>
    resource.ref.kind === edited.ref.kind && resource.ref.name === edited.ref.name ? edited : resource,
  );
  const editStart = performance.now();
  analyze(createResourceSet(next), { ...settings, cache });
  recheck.push(performance.now() - editStart);
}

console.log(`resources ${resourceCount}, ${(text.length / 1024).toFixed(0)} KiB of YAML, ${messages} messages, ${rounds} rounds`);
report('parse', parsing);
report('parse + validate + analyse', whole);
report('re-check of one edited resource', recheck);

function report(what: string, times: readonly number[]): void {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  console.log(`${what}: first ${(times[0] ?? 0).toFixed(1)} ms, median ${at(0.5)} ms, best ${at(0)} ms, worst ${at(0.99)} ms`);
}

/** A mesh in which a service takes six resources, each namespace holding twenty services. */
function generateMesh(count: number): string {
  const documents: string[] = [];
  for (let index = 0; documents.length < count; index++) {
    if (index % 20 === 0) documents.push(namespaceWithPolicy(index / 20));
    documents.push(
      service(index),
      workload(index, 'v1'),
      workload(index, 'v2'),
      virtualService(index, 'v1'),
      destinationRule(index),
      authorizationPolicy(index),
    );
  }
  return documents.slice(0, count).join('---\n');
}

function namespaceOf(index: number): string {
  return `team-${Math.floor(index / 20)}`;
}

function namespaceWithPolicy(index: number): string {
  return `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team-${index}\n  labels: {istio-injection: enabled}\n`;
}

function service(index: number): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: service-${index}
  namespace: ${namespaceOf(index)}
spec:
  selector: {app: service-${index}}
  ports:
    - {name: http, port: 80, targetPort: 8080}
    - {name: grpc, port: 9090}
`;
}

function workload(index: number, version: string): string {
  return `apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata:
  name: service-${index}-${version}
  namespace: ${namespaceOf(index)}
spec:
  address: 10.${(index >> 8) & 255}.${index & 255}.${version === 'v1' ? 1 : 2}
  serviceAccount: service-${index}
  labels: {app: service-${index}, version: ${version}}
  ports: {http: 8080, grpc: 9090}
`;
}

function virtualService(index: number, subset: string): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: service-${index}
  namespace: ${namespaceOf(index)}
spec:
  hosts:
    - service-${index}
  http:
    - match:
        - headers: {x-tier: {exact: premium}}
          uri: {prefix: /api/orders}
        - uri: {exact: /healthz}
      route:
        - destination: {host: service-${index}, subset: ${subset}, port: {number: 80}}
      timeout: 5s
      retries: {attempts: 2, perTryTimeout: 1s, retryOn: connect-failure}
    - route:
        - destination: {host: service-${index}, subset: v1, port: {number: 80}}
          weight: 90
        - destination: {host: service-${index}, subset: v2, port: {number: 80}}
          weight: 10
`;
}

function destinationRule(index: number): string {
  return `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: service-${index}
  namespace: ${namespaceOf(index)}
spec:
  host: service-${index}
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 100}, http: {http1MaxPendingRequests: 100}}
    outlierDetection: {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s}
  subsets:
    - {name: v1, labels: {version: v1}}
    - {name: v2, labels: {version: v2}}
`;
}

function authorizationPolicy(index: number): string {
  return `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: service-${index}
  namespace: ${namespaceOf(index)}
spec:
  selector: {matchLabels: {app: service-${index}}}
  action: ALLOW
  rules:
    - from:
        - source: {principals: ["cluster.local/ns/${namespaceOf(index)}/sa/service-${index}"]}
      to:
        - operation: {methods: [GET, POST], paths: [/api/*]}
`;
}
