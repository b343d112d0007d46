import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gateway, open, parent, route, toWeb, translate } from './test-translation.ts';

function policy(name: string, target: string, validation: string, createdAt = '2024-01-01T00:00:00Z'): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: ${name}, namespace: shop, creationTimestamp: "${createdAt}"}
spec: {targetRefs: [{group: "", kind: Service, ${target}}], validation: ${validation}}
---
`;
}

const system = '{hostname: web.example.com, wellKnownCACertificates: System}';

/** What the policies of some resources say of themselves: for each ancestor `kind name: reason of Accepted`. */
function accepted(yaml: string): readonly string[] {
  const policies = translate(yaml).stated.filter(({ kind }) => kind === 'BackendTLSPolicy') as unknown as readonly {
    readonly status: {
      readonly ancestors: readonly {
        readonly ancestorRef: { readonly kind: string; readonly name: string };
        readonly conditions: readonly { readonly type: string; readonly reason: string }[];
      }[];
    };
  }[];
  return policies.flatMap(({ status }) =>
    status.ancestors.map(
      ({ ancestorRef, conditions }) =>
        `${ancestorRef.kind} ${ancestorRef.name}: ${conditions.find(({ type }) => type === 'Accepted')?.reason}`,
    ),
  );
}

test('a BackendTLSPolicy originates TLS, unless a DestinationRule speaks for the service', () => {
  const rule = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec: {host: web.shop.svc.cluster.local}
---
`;
  const [made] = translate(policy('tls', 'name: web', system)).destinationRules;
  assert.deepEqual(made?.spec.trafficPolicy?.tls, {
    mode: 'SIMPLE',
    caCertificates: 'system',
    sni: 'web.example.com',
    subjectAltNames: ['web.example.com'],
  });
  assert.deepEqual(translate(policy('tls', 'name: web', system) + rule).destinationRules, []);
});

test('a policy for one port of a service and one for all of it hold together; of two for the same the older one holds', () => {
  const yaml =
    policy('whole', 'name: web', system) +
    policy(
      'port',
      'name: web, sectionName: http',
      '{hostname: port.example.com, wellKnownCACertificates: System}',
      '2024-02-01T00:00:00Z',
    ) +
    policy('late', 'name: web', '{hostname: late.example.com, wellKnownCACertificates: System}', '2024-03-01T00:00:00Z');
  const [rule, ...others] = translate(yaml).destinationRules;
  assert.deepEqual(others, []);
  assert.equal(rule?.spec.trafficPolicy?.tls?.sni, 'web.example.com');
  assert.deepEqual(
    rule?.spec.trafficPolicy?.portLevelSettings?.map(({ port, tls }) => [port?.number, tls?.sni]),
    [[80, 'port.example.com']],
  );
  assert.deepEqual(accepted(yaml), ['Service web: Accepted', 'Service web: Accepted', 'Service web: Conflicted']);
});

test('without an authority that can be had nothing of the service is trusted', () => {
  const authorities = (reference: string, extra = '') =>
    translate(extra + policy('tls', 'name: web', `{hostname: web.example.com, caCertificateRefs: [${reference}]}`)).destinationRules.map(
      ({ spec }) => (spec.trafficPolicy?.tls as { readonly caCertCredentialName?: string } | undefined)?.caCertCredentialName,
    );
  const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: roots, namespace: shop}\ndata: {ca.crt: roots}\n---\n';
  assert.deepEqual(authorities('{group: "", kind: ConfigMap, name: roots}', map), ['configmap://shop/roots']);
  assert.deepEqual(authorities('{group: "", kind: ConfigMap, name: none}', map), ['invalid://']);
  assert.deepEqual(authorities('{group: "", kind: Secret, name: roots}', map), ['invalid://']);
});

test('a policy says what it came to for its service and for the Gateways that send requests there', () => {
  const routes = gateway(open) + route(`{${parent}, rules: [{${toWeb}}]}`);
  assert.deepEqual(accepted(routes + policy('tls', 'name: web', system)), ['Service web: Accepted', 'Gateway edge: Accepted']);
  assert.deepEqual(accepted(routes + policy('tls', 'name: none', system)), ['Service none: TargetNotFound']);
  assert.deepEqual(accepted(routes + policy('tls', 'name: web, sectionName: none', system)), ['Service web: TargetNotFound']);
});
