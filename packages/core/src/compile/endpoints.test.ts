import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LocalityLbEndpointsJson } from '@weft/envoy-api/envoy/config/endpoint/v3/endpoint_components_pb';
import { snapshotOf, type TestClient } from './test-mesh.ts';

const client: TestClient = { locality: { region: 'r1', zone: 'z1', subZone: 's1' } };
const workload = (name: string, spec: string) =>
  `apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n---\n`;
const service = (more = '') =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec: {clusterIP: 10.1.0.1, selector: {app: cart}, ports: [{name: http, port: 80}]${more}}\n---\n`;
const rule = (policy: string) =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: cart, namespace: shop}\nspec: {host: cart, trafficPolicy: ${policy}}\n---\n`;
const near = workload('near', '{address: 10.2.0.1, labels: {app: cart}, locality: r1/z1/s1}');
const zone = workload('zone', '{address: 10.2.0.2, labels: {app: cart}, locality: r1/z1/s2}');
const region = workload('region', '{address: 10.2.0.3, labels: {app: cart}, locality: r1/z2}');
const far = workload('far', '{address: 10.2.0.4, labels: {app: cart}, locality: r2/z1, weight: 3}');
const farther = workload('farther', '{address: 10.2.0.5, labels: {app: cart}, locality: r3/z1}');
const everywhere = near + zone + region + far + farther;

function groups(yaml: string, asking: TestClient = client): readonly LocalityLbEndpointsJson[] {
  return (
    snapshotOf(yaml, asking).endpoints.find((candidate) => candidate.clusterName === 'outbound|80||cart.shop.svc.cluster.local')
      ?.endpoints ?? []
  );
}

const addresses = (group: LocalityLbEndpointsJson) =>
  (group.lbEndpoints ?? []).map((endpoint) => endpoint.endpoint?.address?.socketAddress?.address);
const priorities = (yaml: string, asking?: TestClient) =>
  Object.fromEntries(groups(yaml, asking).flatMap((group) => addresses(group).map((address) => [address, group.priority ?? 0])));

test('without outlier detection the place of endpoints does not matter', () => {
  assert.deepEqual(priorities(service() + everywhere), { '10.2.0.1': 0, '10.2.0.2': 0, '10.2.0.3': 0, '10.2.0.4': 0, '10.2.0.5': 0 });
});

test('outlier detection alone switches failover on: nearer endpoints first', () => {
  assert.deepEqual(priorities(service() + everywhere + rule('{outlierDetection: {}}')), {
    '10.2.0.1': 0,
    '10.2.0.2': 1,
    '10.2.0.3': 2,
    '10.2.0.4': 3,
    '10.2.0.5': 3,
  });
});

test('a region named for failover comes before the others', () => {
  const policy = '{outlierDetection: {}, loadBalancer: {localityLbSetting: {failover: [{from: r1, to: r3}]}}}';
  assert.deepEqual(priorities(service() + everywhere + rule(policy)), {
    '10.2.0.1': 0,
    '10.2.0.2': 1,
    '10.2.0.3': 2,
    '10.2.0.5': 3,
    '10.2.0.4': 4,
  });
});

test('priorities have no holes', () => {
  assert.deepEqual(priorities(service() + near + far + rule('{outlierDetection: {}}')), { '10.2.0.1': 0, '10.2.0.4': 1 });
});

test('priority by labels goes by the first label that differs', () => {
  const labelled = (name: string, address: string, labels: string) =>
    workload(name, `{address: ${address}, labels: {app: cart, ${labels}}}`);
  const yaml =
    service() +
    labelled('a', '10.2.1.1', 'team: x, version: v1') +
    labelled('b', '10.2.1.2', 'team: x, version: v2') +
    labelled('c', '10.2.1.3', 'team: z, version: v1') +
    rule('{outlierDetection: {}, loadBalancer: {localityLbSetting: {failoverPriority: [team, version=v2]}}}');
  assert.deepEqual(priorities(yaml, { labels: { team: 'x', version: 'v1' } }), { '10.2.1.2': 0, '10.2.1.1': 1, '10.2.1.3': 2 });
});

test('distribution shares requests out by locality, and leaves out localities that get none', () => {
  const policy = '{loadBalancer: {localityLbSetting: {distribute: [{from: "r1/*", to: {"r1/*": 80, "r2/z1": 20}}]}}}';
  const shared = groups(service() + everywhere + rule(policy));
  assert.deepEqual(
    shared.map((group) => [addresses(group), group.loadBalancingWeight]),
    [
      [['10.2.0.1'], 27],
      [['10.2.0.2'], 27],
      [['10.2.0.3'], 27],
      [['10.2.0.4'], 20],
      [[], 1],
    ],
  );
});

test('a service can prefer its own zone without any rule', () => {
  assert.deepEqual(priorities(service(', trafficDistribution: PreferClose') + near + region + far), {
    '10.2.0.1': 0,
    '10.2.0.3': 1,
    '10.2.0.4': 2,
  });
});

test('endpoints of another network are replaced by its gateway, as far as they take mutual TLS', () => {
  const gateway =
    'apiVersion: v1\nkind: Service\nmetadata: {name: eastwest, namespace: istio-system, labels: {topology.istio.io/network: n2}}\nspec: {type: LoadBalancer, externalIPs: [192.0.2.7], ports: [{name: tls, port: 15443}]}\n---\n';
  const yaml =
    service() +
    gateway +
    workload('here', '{address: 10.2.0.1, labels: {app: cart}, network: n1}') +
    workload('there', '{address: 10.3.0.1, labels: {app: cart}, network: n2, serviceAccount: cart, weight: 2}') +
    workload('plain', '{address: 10.3.0.2, labels: {app: cart}, network: n2}');
  const asking = { metadata: { NETWORK: 'n1' } };
  assert.deepEqual(
    groups(yaml, asking).flatMap((group) =>
      (group.lbEndpoints ?? []).map((endpoint) => [endpoint.endpoint?.address?.socketAddress, endpoint.loadBalancingWeight]),
    ),
    [
      [{ address: '10.2.0.1', portValue: 80 }, 1],
      [{ address: '192.0.2.7', portValue: 15443 }, 2],
    ],
  );
  assert.deepEqual(groups(yaml.replace('192.0.2.7', 'gateway.example.com'), asking).flatMap(addresses), [
    '10.2.0.1',
    '10.3.0.2',
    '10.3.0.1',
  ]);
});

test('endpoints that are not ready are not sent, nor those whose labels a subset does not name', () => {
  const slice =
    'apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s, namespace: shop, labels: {kubernetes.io/service-name: cart}}\nendpoints: [{addresses: [10.4.0.1]}, {addresses: [10.4.0.2], conditions: {ready: false}}]\nports: [{name: http, port: 8080}, {name: other, port: 1}]\n---\n';
  assert.deepEqual(groups(service() + slice).flatMap(addresses), ['10.4.0.1']);
  assert.deepEqual(groups(service(', publishNotReadyAddresses: true') + slice).flatMap(addresses), ['10.4.0.1', '10.4.0.2']);
  const subset =
    'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: cart, namespace: shop}\nspec: {host: cart, subsets: [{name: v1, labels: {version: v1}}]}\n---\n';
  const chosen = snapshotOf(
    service() +
      workload('a', '{address: 10.2.0.1, labels: {app: cart, version: v1}}') +
      workload('b', '{address: 10.2.0.2, labels: {app: cart, version: v2}}') +
      subset,
  );
  const assignment = chosen.endpoints.find((candidate) => candidate.clusterName === 'outbound|80|v1|cart.shop.svc.cluster.local');
  assert.deepEqual(assignment?.endpoints?.flatMap(addresses), ['10.2.0.1']);
});

test('a workload that is checked counts only once it is healthy', () => {
  const checked = workload('a', '{address: 10.2.0.1, labels: {app: cart}}').replace(
    'namespace: shop}',
    'namespace: shop, annotations: {proxy.istio.io/health-checks-enabled: "true"}}',
  );
  assert.deepEqual(groups(service() + checked).flatMap(addresses), []);
  const healthy = checked.replace('---', 'status: {conditions: [{type: Healthy, status: "True"}]}\n---');
  assert.deepEqual(groups(service() + healthy).flatMap(addresses), ['10.2.0.1']);
});
