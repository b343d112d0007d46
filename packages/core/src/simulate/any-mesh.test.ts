import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { analyze } from '../analyze/analyze.ts';
import { compile } from '../compile/compile.ts';
import { viewOf } from '../compile/test-mesh.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { createMeshSettings } from '../mesh/mesh-settings.ts';
import { resolveMesh } from '../mesh/resolve-mesh.ts';
import { buildPlan } from '../plan/build-plan.ts';
import { defaultMeshConfig, defaultMeshNetworks } from '../resource/default-mesh-config.ts';
import { kindSchemas } from '../resource/kind-schemas.ts';
import { type KindKey, kindGroup } from '../resource/kinds.ts';
import { parseYaml } from '../resource/parse.ts';
import type { Resource } from '../resource/resource.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { decodeSnapshot, encodeSnapshot } from '../xds/codec.ts';
import { completeCall, type PartialCall } from './call.ts';
import { outcomeOf } from './outcome.ts';
import { schemaArbitrary } from './schema-arbitrary.ts';
import { simulateCall } from './simulate-call.ts';

/** More, and from another seed, to look for what the suite's short run does not find. */
const runs = Number(process.env.WEFT_FUZZ_RUNS ?? 25);
const seed = process.env.WEFT_FUZZ_SEED === undefined ? 11 : Number(process.env.WEFT_FUZZ_SEED);

/** What the random resources speak of, so that they have something to act on. */
const base = parseYaml(
  `
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: a}}}
---
{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}, spec: {clusterIP: 10.0.0.1, selector: {app: a}, ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp, port: 443}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: b, namespace: bank}, spec: {clusterIP: 10.0.0.2, selector: {app: b}, ports: [{name: grpc, port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: gw, namespace: shop}, spec: {clusterIP: 10.0.0.3, selector: {app: a}, ports: [{name: http, port: 80}, {name: https, port: 443}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: app, namespace: shop, labels: {app: a, version: v1}}, spec: {serviceAccountName: a, containers: []}, status: {phase: Running, podIP: 10.0.0.99}}
---
{apiVersion: networking.istio.io/v1, kind: WorkloadEntry, metadata: {name: w, namespace: bank}, spec: {address: 10.1.0.1, labels: {app: b}, serviceAccount: b}}
`,
  'base.yaml',
).resources;

const settings = createMeshSettings(
  {
    ...defaultMeshConfig,
    accessLogFile: '/dev/stdout',
    extensionProviders: [
      { name: 'a', envoyExtAuthzHttp: { service: 'a.shop.svc.cluster.local', port: 80 } },
      { name: 'otel', opentelemetry: { service: 'b.bank.svc.cluster.local', port: 80 } },
    ],
  },
  defaultMeshNetworks,
);

interface Document {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: object;
  readonly spec: unknown;
}

const documents: fc.Arbitrary<Document> = fc.oneof(
  ...Object.entries(kindSchemas).map(([key, schema]) => {
    const [kindName = '', written] = key.split('/');
    const { group, kind } = kindGroup(kindName as KindKey);
    const version = written ?? (group === 'gateway.networking.k8s.io' ? 'v1' : kind === 'EnvoyFilter' ? 'v1alpha3' : 'v1');
    return fc
      .record({
        name: fc.constantFrom('a', 'b', 'gw'),
        namespace: fc.constantFrom('shop', 'bank', 'istio-system'),
        labels: fc.constantFrom({}, { app: 'a' }),
        creationTimestamp: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
        spec: schemaArbitrary(schema),
      })
      .map(({ spec, ...metadata }) => ({ apiVersion: `${group}/${version}`, kind, metadata, spec }));
  }),
);
const meshes = fc
  .uniqueArray(documents, {
    maxLength: 6,
    selector: ({ kind, metadata }) => JSON.stringify([kind, { ...metadata, labels: 0, creationTimestamp: 0 }]),
  })
  .map((list) => list.flatMap((document) => parseYaml(JSON.stringify(document), 'any.yaml').resources));

const clients = [{}, { type: 'router' as const, labels: { app: 'a' } }, { metadata: { GENERATOR: 'grpc' } }, { namespace: 'bank' }];
const calls: readonly PartialCall[] = [
  { mode: 'inbound', address: '10.0.0.99', port: 8080, host: 'a', path: '/a?x=1' },
  { mode: 'inbound', address: '10.0.0.99', port: 8080, tls: 'mtls', host: 'a', method: 'OPTIONS', headers: { origin: 'x' } },
  { mode: 'outbound', address: '10.0.0.1', host: 'a.shop', headers: { 'x-a': 'a' } },
  { mode: 'outbound', address: '10.0.0.2', host: 'b.bank:80', protocol: 'http2' },
  { mode: 'outbound', address: '10.0.0.1', port: 443, protocol: 'tcp' },
  { mode: 'gateway', port: 80, host: 'ext.example.com', path: '/a/x' },
  { mode: 'gateway', port: 443, host: 'ext.example.com', tls: 'tls' },
];

const resolve = (resources: readonly Resource[], previous: Mesh | null = null): Mesh =>
  resolveMesh(createResourceSet([...base, ...resources]), settings, previous);
const compiled = (mesh: Mesh): readonly Snapshot[] => clients.map((client) => compile(viewOf(mesh, client)));

test('any resources are analysed, compiled, put on the wire, planned and simulated without an exception', async () => {
  await fc.assert(
    fc.asyncProperty(meshes, async (resources) => {
      const { meshConfig, meshNetworks } = settings;
      analyze(createResourceSet([...base, ...resources]), { meshConfig, meshNetworks });
      for (const snapshot of compiled(resolve(resources))) {
        assert.deepEqual(decodeSnapshot(encodeSnapshot(snapshot)), { ok: true, value: snapshot });
        const plan = buildPlan(snapshot, null);
        for (const call of calls) {
          const complete = completeCall(call);
          outcomeOf(complete, await simulateCall(plan, complete, { keys: async () => null, nowMs: 0 }));
        }
      }
    }),
    { numRuns: runs, seed },
  );
});

test('whatever the order and the way there, the same resources give the same bytes', () => {
  fc.assert(
    fc.property(meshes, meshes, (before, after) => {
      const wanted = compiled(resolve(after));
      assert.deepEqual(compiled(resolve([...after].reverse())), wanted);
      const first = resolve(before);
      const next = resolve(after, first);
      for (const [at, client] of clients.entries()) {
        const previous = { view: viewOf(first, client), snapshot: compile(viewOf(first, client)) };
        assert.deepEqual(compile(viewOf(next, client), previous), wanted[at]);
      }
    }),
    { numRuns: runs, seed },
  );
});
