import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultMeshConfig } from '@weft/core/resource/default-mesh-config';
import { parseYaml } from '@weft/core/resource/parse';
import { createResourceSet } from '@weft/core/resource/resource-set';
import { injectPod } from './inject-pod.ts';
import type { Written } from './inject-probes.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly restartPolicy?: string;
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly readinessProbe?: Written;
  readonly resources?: { readonly requests: Written };
}
interface Pod {
  readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly initContainers: readonly Container[];
    readonly containers: readonly Container[];
    readonly volumes: readonly { readonly name: string }[];
  };
}

const settings = { meshConfig: defaultMeshConfig, proxyConfigs: [], image: 'proxy:1', namespace: 'shop', workloadName: 'web' };
const inject = (pod: Written): Pod => injectPod(pod, settings) as unknown as Pod;
const app = {
  name: 'app',
  image: 'app',
  ports: [{ name: 'web', containerPort: 8080 }],
  readinessProbe: { httpGet: { path: '/up', port: 'web' }, periodSeconds: 5 },
};
const pod = (metadata: Written = {}, spec: Written = {}): Written => ({ metadata, spec: { containers: [app], ...spec } });
const named = (containers: readonly Container[], name: string): Container => {
  const found = containers.find((container) => container.name === name);
  assert.ok(found, name);
  return found;
};

test('a pod gets the redirection, the proxy as a native sidecar, labels, status and volumes', () => {
  const { metadata, spec } = inject(pod({ labels: { app: 'web' } }));
  assert.deepEqual(
    spec.initContainers.map(({ name }) => name),
    ['istio-init', 'istio-proxy'],
  );
  assert.equal(
    named(spec.initContainers, 'istio-init').args?.join(' '),
    'istio-iptables -p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020',
  );
  assert.equal(named(spec.initContainers, 'istio-proxy').restartPolicy, 'Always');
  assert.deepEqual(metadata.labels, {
    app: 'web',
    'security.istio.io/tlsMode': 'istio',
    'service.istio.io/canonical-name': 'web',
    'service.istio.io/canonical-revision': 'latest',
  });
  assert.ok(JSON.parse(metadata.annotations['sidecar.istio.io/status'] ?? ''));
  const names = spec.volumes.map(({ name }) => name);
  for (const name of ['istio-token', 'istiod-ca-cert', 'istio-envoy', 'istio-data', 'workload-socket'])
    assert.ok(names.includes(name), name);
});

test('probes go to the sidecar, which knows the port that was named', () => {
  const { spec } = inject(pod());
  assert.deepEqual(named(spec.containers, 'app').readinessProbe, {
    periodSeconds: 5,
    httpGet: { path: '/app-health/app/readyz', port: 15_020 },
  });
  const probers = named(spec.initContainers, 'istio-proxy').env.find(({ name }) => name === 'ISTIO_KUBE_APP_PROBERS');
  assert.deepEqual(JSON.parse(probers?.value ?? ''), {
    '/app-health/app/readyz': { httpGet: { path: '/up', port: 8080 }, timeoutSeconds: 1 },
  });
});

test('injecting again changes nothing', () => {
  const once = inject(pod()) as unknown as Written;
  assert.equal(injectPod(once, settings), once);
});

test('pods that refuse, on the host network or of the system are left alone; the label wins over the annotation', () => {
  const no = { 'sidecar.istio.io/inject': 'false' };
  const yes = { 'sidecar.istio.io/inject': 'true' };
  for (const left of [
    pod({ labels: no }),
    pod({ annotations: no }),
    pod({}, { hostNetwork: true }),
    pod({ labels: no, annotations: yes }),
  ]) {
    assert.equal(injectPod(left, settings), left);
  }
  assert.equal(inject(pod({ labels: yes, annotations: no })).spec.initContainers.length, 2);
  const system = pod();
  assert.equal(injectPod(system, { ...settings, namespace: 'kube-system' }), system);
});

test("annotations change ports and resources, and the pod's own istio-proxy goes over ours", () => {
  const annotations = {
    'traffic.sidecar.istio.io/excludeInboundPorts': '9000',
    'traffic.sidecar.istio.io/excludeOutboundPorts': '3306',
    'sidecar.istio.io/proxyCPU': '1',
  };
  const own = { name: 'istio-proxy', image: 'auto', env: [{ name: 'CA_ADDR', value: 'other:15012' }] };
  const { spec } = inject(pod({ annotations }, { containers: [app, own] }));
  assert.match(named(spec.initContainers, 'istio-init').args?.join(' ') ?? '', /-d 15090,15021,9000,15020 -o 3306$/);
  const proxy = named(spec.initContainers, 'istio-proxy');
  assert.deepEqual([proxy.image, proxy.resources?.requests.cpu, spec.containers.length], ['proxy:1', '1', 1]);
  assert.deepEqual(
    proxy.env.filter(({ name }) => name === 'CA_ADDR'),
    [{ name: 'CA_ADDR', value: 'other:15012' }],
  );
});

test('without interception nothing is set up on the network, and probes stay where an annotation wants them', () => {
  const none = inject(pod({ annotations: { 'sidecar.istio.io/interceptionMode': 'NONE' } }));
  assert.deepEqual(
    none.spec.initContainers.map(({ name }) => name),
    ['istio-proxy'],
  );
  assert.deepEqual(JSON.parse(none.metadata.annotations['sidecar.istio.io/status'] ?? '').initContainers, ['istio-proxy']);
  const direct = inject(pod({ annotations: { 'sidecar.istio.io/rewriteAppHTTPProbers': 'false' } }));
  assert.deepEqual(named(direct.spec.containers, 'app').readinessProbe, app.readinessProbe);
});

test('an empty label asks for what is the default', () => {
  assert.ok(inject(pod({ labels: { 'sidecar.istio.io/inject': '' } })).metadata.annotations['sidecar.istio.io/status']);
});

test('a canonical name is a value that labels may have', () => {
  const name = `${'a'.repeat(62)}.b`;
  assert.equal(inject(pod({ labels: { app: name } })).metadata.labels['service.istio.io/canonical-name'], 'a'.repeat(62));
});

test('a ProxyConfig sets threads, variables and the variant of the image, an annotation before it', () => {
  const text = `
apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: { name: web, namespace: shop }
spec: { selector: { matchLabels: { app: web } }, concurrency: 3, image: { imageType: distroless }, environmentVariables: { COLOR: red } }
`;
  const proxyConfigs = createResourceSet(parseYaml(text, 'test.yaml').resources).ofKind('ProxyConfig');
  const proxyOf = (metadata: Written): Container => {
    const injected = injectPod(pod(metadata), { ...settings, proxyConfigs }) as unknown as Pod;
    return named(injected.spec.initContainers, 'istio-proxy');
  };
  const variable = (container: Container, name: string) => container.env.find((each) => each.name === name)?.value;
  const selected = proxyOf({ labels: { app: 'web' } });
  assert.equal(selected.image, 'proxy:1-distroless');
  assert.deepEqual(selected.args?.slice(-2), ['--concurrency', '3']);
  assert.equal(variable(selected, 'COLOR'), 'red');
  assert.deepEqual(JSON.parse(variable(selected, 'PROXY_CONFIG') ?? ''), {
    concurrency: 3,
    image: { imageType: 'distroless' },
    proxyMetadata: { COLOR: 'red' },
  });
  const annotated = proxyOf({ labels: { app: 'web' }, annotations: { 'proxy.istio.io/config': 'concurrency: 5' } });
  assert.deepEqual(annotated.args?.slice(-2), ['--concurrency', '5']);
  assert.equal(proxyOf({ labels: { app: 'other' } }).image, 'proxy:1');
});
