import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultMeshConfig } from '../resource/default-mesh-config.ts';
import { parseYaml } from '../resource/parse.ts';
import { parseMeshNetworks } from '../resource/parse-mesh-config.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import { createMeshSettings } from './mesh-settings.ts';
import { resolveMesh } from './resolve-mesh.ts';

/** The gateways of a mesh of cluster `c1`, as `network cluster address:port`. */
function gatewaysOf(yaml: string, networks = '{}', addressesByName = {}): readonly string[] {
  const meshNetworks = parseMeshNetworks(networks);
  assert.ok(meshNetworks.ok);
  const settings = createMeshSettings(defaultMeshConfig, meshNetworks.value, { clusterId: 'c1', addressesByName });
  const { networkGateways } = resolveMesh(createResourceSet(parseYaml(yaml, 'test.yaml').resources), settings, null);
  return networkGateways.map(({ network, cluster, address, port }) => `${network} ${cluster} ${address}:${port}`);
}

function service(labels: string, spec: string, annotations = ''): string {
  return `
apiVersion: v1
kind: Service
metadata: {name: east, namespace: istio-system, labels: {${labels}}, annotations: {${annotations}}}
spec: {externalIPs: [192.0.2.1], ${spec}}
---
`;
}

test('a service labelled with a network leads there, on the port that it says, if it has that port', () => {
  const label = 'topology.istio.io/network: n2';
  assert.deepEqual(gatewaysOf(service(label, 'ports: [{name: tls, port: 15443}]')), ['n2 c1 192.0.2.1:15443']);
  assert.deepEqual(gatewaysOf(service(`${label}, networking.istio.io/gatewayPort: "443"`, 'ports: [{name: tls, port: 443}]')), [
    'n2 c1 192.0.2.1:443',
  ]);
  assert.deepEqual(gatewaysOf(service(label, 'ports: [{name: https, port: 443}]')), []);
});

test('a service that names nodes is reached at their external addresses, on the port that they have for it', () => {
  const node = (name: string, labels: string, address: string) => `
apiVersion: v1
kind: Node
metadata: {name: ${name}, labels: {${labels}}}
status: {addresses: [{type: InternalIP, address: 10.0.0.1}, {type: ExternalIP, address: ${address}}]}
---
`;
  const nodes = node('a', 'role: edge', '192.0.2.8') + node('b', 'role: work', '192.0.2.9');
  const east = (selector: string) =>
    service(
      'topology.istio.io/network: n2',
      'type: NodePort, ports: [{name: tls, port: 15443, nodePort: 31443}]',
      `traffic.istio.io/nodeSelector: '${selector}'`,
    );
  assert.deepEqual(gatewaysOf(nodes + east('{"role": "edge"}')), ['n2 c1 192.0.2.8:31443']);
  assert.deepEqual(gatewaysOf(nodes + east('{}')), ['n2 c1 192.0.2.8:31443', 'n2 c1 192.0.2.9:31443']);
});

test('of MeshNetworks addresses hold for every cluster, names of services for the cluster whose registry is of the network', () => {
  const networks = `
networks:
  n1: {endpoints: [{fromRegistry: c1}], gateways: [{registryServiceName: east.istio-system.svc.cluster.local, port: 15443}]}
  n2: {endpoints: [{fromRegistry: c2}], gateways: [{registryServiceName: east.istio-system.svc.cluster.local, port: 15443}, {address: 198.51.100.2, port: 443}]}
`;
  assert.deepEqual(gatewaysOf(service('', 'ports: [{name: tls, port: 15443}]'), networks), [
    'n1 c1 192.0.2.1:15443',
    'n2  198.51.100.2:443',
  ]);
});

test('a Gateway of another place leads into its network where a listener passes on the names of the mesh', () => {
  const gateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: there, namespace: istio-system, labels: {topology.istio.io/network: n3}}
spec:
  gatewayClassName: istio-remote
  addresses: [{type: IPAddress, value: 198.51.100.3}]
  listeners:
    - {name: cross, port: 15443, protocol: TLS, tls: {mode: Passthrough}}
    - {name: http, port: 80, protocol: HTTP}
`;
  assert.deepEqual(gatewaysOf(gateway), ['n3 c1 198.51.100.3:15443']);
});

test('a gateway with a name is at each of its addresses, once they are known', () => {
  const networks = 'networks: {n2: {endpoints: [{fromRegistry: c2}], gateways: [{address: east.example, port: 443}]}}';
  assert.deepEqual(gatewaysOf('', networks), []);
  assert.deepEqual(gatewaysOf('', networks, { 'east.example': ['192.0.2.2', '192.0.2.1'] }), ['n2  192.0.2.1:443', 'n2  192.0.2.2:443']);
  const named = 'networks: {n2: {endpoints: [{fromRegistry: c2}], gateways: [{address: constructor}]}}';
  assert.deepEqual(gatewaysOf('', named), []);
});

test('the names to look up are told, each once', () => {
  const meshNetworks = parseMeshNetworks(
    'networks: {n2: {gateways: [{address: east.example}, {address: east.example, port: 443}, {address: 192.0.2.1}]}, n3: {gateways: [{address: a.example}]}}',
  );
  assert.ok(meshNetworks.ok);
  const { networkGatewayNames } = resolveMesh(createResourceSet([]), createMeshSettings(defaultMeshConfig, meshNetworks.value), null);
  assert.deepEqual(networkGatewayNames, ['a.example', 'east.example']);
});
