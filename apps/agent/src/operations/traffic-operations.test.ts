import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TrafficScope } from '../api/agent-api.ts';
import { smallMesh, startTestAgent } from '../test-agent.ts';
import type { AgentParts } from './agent-parts.ts';
import { listLocalWorkloads } from './list-local-workloads.ts';
import { listRollouts } from './list-rollouts.ts';
import { listServices } from './list-services.ts';
import { readService } from './read-service.ts';
import { readTopology } from './read-topology.ts';

interface Flow {
  readonly reporter?: 'source' | 'destination';
  readonly from?: string;
  readonly version: string;
  readonly code?: string;
  readonly requests: number;
  readonly security?: string;
}

const scope: TrafficScope = { namespaces: [], windowSeconds: 60, at: null };

/** A metrics page of a proxy that saw these flows to the service orders. */
function page(flows: readonly Flow[]): string {
  return flows
    .map(({ reporter = 'source', from = 'shop-front', version, code = '200', requests, security = 'unknown' }) => {
      const labels = {
        reporter,
        source_workload: from,
        source_workload_namespace: from === 'unknown' ? 'unknown' : 'shop',
        source_canonical_service: from,
        source_canonical_revision: 'latest',
        source_principal: 'unknown',
        destination_workload: `orders-${version}`,
        destination_workload_namespace: 'shop',
        destination_canonical_service: 'orders',
        destination_canonical_revision: version,
        destination_service: 'orders.shop.svc.cluster.local',
        destination_service_name: 'orders',
        destination_service_namespace: 'shop',
        request_protocol: 'http',
        response_code: code,
        response_flags: '-',
        connection_security_policy: security,
      };
      const text = Object.entries(labels)
        .map(([name, value]) => `${name}="${value}"`)
        .join(',');
      return `istio_requests_total{${text}} ${requests}\n`;
    })
    .join('');
}

/** An agent that runs for `uptimeSeconds` and was told of these flows. */
async function agentWith(context: TestContext, flows: readonly Flow[], uptimeSeconds = 3600): Promise<AgentParts> {
  const { agent } = await startTestAgent(context);
  const { series, now } = agent.parts;
  series.ingest('proxy', '', now() - 5_000);
  series.ingest('proxy', page(flows), now() - 2_000);
  return { ...agent.parts, surroundings: { ...agent.parts.surroundings, startedAt: now() - uptimeSeconds * 1000 } };
}

test('an edge is counted once although both sides report it, and mTLS is what the receiver says', async (context) => {
  const parts = await agentWith(context, [
    { version: 'v1', requests: 60 },
    { version: 'v1', requests: 60, reporter: 'destination', security: 'mutual_tls' },
  ]);
  const { edges } = readTopology(parts, { ...scope, graphType: 'workload' });
  assert.deepEqual(
    edges.map(({ source, target, stats, mtlsPercent }) => [source, target, stats.requestRate, mtlsPercent]),
    [['workload/shop/shop-front', 'workload/shop/orders-v1', 1, 100]],
  );
});

test('rates are taken over the time that was recorded', async (context) => {
  const parts = await agentWith(context, [{ version: 'v1', requests: 60 }], 10);
  const at = parts.surroundings.startedAt + 10_000;
  const rate = (windowSeconds: number) => listServices(parts, { ...scope, windowSeconds, at }).services[0]?.stats.requestRate;
  assert.deepEqual([rate(300), rate(10)], [6, 6]);
});

test('a caller without a proxy is known by the receiver only', async (context) => {
  const parts = await agentWith(context, [{ version: 'v1', requests: 6, reporter: 'destination', from: 'unknown', security: 'none' }]);
  const { edges } = readTopology(parts, { ...scope, graphType: 'app' });
  assert.deepEqual(
    edges.map(({ source, target, mtlsPercent }) => [source, target, mtlsPercent]),
    [['unknown/unknown', 'app/shop/orders', 0]],
  );
});

test('workloads without traffic are in the graph, and an empty graph says why', async (context) => {
  const parts = await agentWith(context, []);
  const graph = readTopology(parts, { ...scope, graphType: 'versionedApp' });
  assert.deepEqual(
    graph.nodes.map(({ id, health }) => [id, health]),
    [
      ['app/shop/orders/v1', 'idle'],
      ['app/shop/orders/v2', 'idle'],
    ],
  );
  assert.equal(graph.empty?.kind, 'no-proxies');
});

test('an edge with many refusals is a failure, with its codes', async (context) => {
  const parts = await agentWith(context, [
    { version: 'v1', requests: 70 },
    { version: 'v1', requests: 30, code: '403' },
  ]);
  const [edge] = readTopology(parts, { ...scope, graphType: 'service' }).edges;
  assert.equal(edge?.target, 'service/shop/orders');
  assert.equal(edge?.health, 'failure');
  assert.deepEqual(
    edge?.codes.map(({ code, percent }) => [code, percent]),
    [
      ['200', 70],
      ['403', 30],
    ],
  );
});

test('a rollout shows what is asked for beside what is seen', async (context) => {
  const parts = await agentWith(context, [
    { version: 'v1', requests: 80 },
    { version: 'v2', requests: 20 },
  ]);
  const [rollout] = listRollouts(parts, scope).rollouts;
  assert.equal(rollout?.id, 'shop/orders/http[0]');
  assert.deepEqual(
    rollout?.destinations.map(({ version, requestedPercent, observedPercent }) => [version, requestedPercent, observedPercent]),
    [
      ['v1', 90, 80],
      ['v2', 10, 20],
    ],
  );
  assert.equal(rollout?.line, smallMesh.split('\n').indexOf('    - route:') + 1, 'the line of the rule in its file');
});

test('a service names the policies of every kind that hold for it, and no other', async (context) => {
  const { agent, write, until } = await startTestAgent(context);
  write(
    'policies.yaml',
    ['shop', 'istio-system', 'elsewhere']
      .map(
        (namespace) => `apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: default, namespace: ${namespace} }\n`,
      )
      .concat(
        'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: gateway, namespace: shop }\n' +
          'spec: { targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: edge }], rules: [{}] }\n',
      )
      .join('---\n'),
  );
  await until(() => agent.parts.config.current.set.ofKind('PeerAuthentication').length === 3);
  const { policies } = readService(agent.parts, 'shop/orders.shop.svc.cluster.local', scope);
  assert.deepEqual(
    policies.map(({ kind, namespace }) => [kind, namespace]),
    [
      ['PeerAuthentication', 'istio-system'],
      ['PeerAuthentication', 'shop'],
    ],
  );
});

test('a service is split by source, version and code', async (context) => {
  const parts = await agentWith(context, [
    { version: 'v1', requests: 30 },
    { version: 'v2', requests: 10, code: '503', from: 'batch' },
  ]);
  const [service] = listServices(parts, scope).services;
  assert.deepEqual([service?.key, service?.versions, service?.health], ['shop/orders.shop.svc.cluster.local', ['v1', 'v2'], 'failure']);
  const detail = readService(parts, service?.key ?? '', scope);
  assert.deepEqual(
    detail.bySource.map(({ key, percent }) => [key, percent]),
    [
      ['shop-front', 75],
      ['batch', 25],
    ],
  );
  assert.deepEqual(
    detail.byVersion.map(({ key }) => key),
    ['v1', 'v2'],
  );
  assert.deepEqual(
    detail.routing.map(({ summary }) => summary),
    ['everything → v1 90 %, v2 10 %', '2 subsets: v1, v2'],
  );
  assert.throws(() => readService(parts, 'shop/none', scope), /no service/);
});

test('local workloads are those of injected namespaces, gateways by their template, and nobody who says no', async (context) => {
  const entry = (name: string, namespace: string, metadata: string): string =>
    `---\napiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: { name: ${name}, namespace: ${namespace}, ${metadata} }\nspec: { address: 127.0.0.1, serviceAccount: ${name} }\n`;
  const extra = [
    entry('plain', 'outside', 'labels: {}'),
    entry('asked', 'outside', 'labels: { sidecar.istio.io/inject: "true" }'),
    entry('refused', 'shop', 'labels: { sidecar.istio.io/inject: "false" }'),
    entry(
      'gate',
      'outside',
      'annotations: { inject.istio.io/templates: gateway, proxy.istio.io/config: "proxyMetadata: { ISTIO_META_X: 5 }" }',
    ),
  ];
  const { agent } = await startTestAgent(context, { 'mesh.yaml': smallMesh + extra.join('') });
  const workloads = listLocalWorkloads(agent.parts);
  assert.deepEqual(
    workloads.map(({ name, type }) => `${type} ${name}`),
    ['sidecar asked', 'router gate', 'sidecar orders-v1', 'sidecar orders-v2'],
  );
  assert.deepEqual(workloads.find(({ name }) => name === 'gate')?.proxyMetadata, { ISTIO_META_X: '5' });
});
