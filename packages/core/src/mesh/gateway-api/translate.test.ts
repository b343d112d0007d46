import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from '../../resource/parse.ts';
import { createResourceSet } from '../../resource/resource-set.ts';
import { withStatus } from './status.ts';
import { translateGatewayApi } from './translate.ts';

const base = `
apiVersion: v1
kind: Namespace
metadata: {name: edge}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {exposed: "true"}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 80}]}
---
`;

function gateway(listeners: string, name = 'edge'): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: edge, generation: 4}
spec: {gatewayClassName: istio, listeners: [${listeners}]}
---
`;
}

function route(
  spec: string,
  options: { readonly name?: string; readonly namespace?: string; readonly kind?: string; readonly createdAt?: string } = {},
): string {
  const { name = 'web', namespace = 'shop', kind = 'HTTPRoute', createdAt = '2024-01-01T00:00:00Z' } = options;
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: {name: ${name}, namespace: ${namespace}, generation: 2, creationTimestamp: "${createdAt}"}
spec: ${spec}
---
`;
}

function translate(yaml: string) {
  const set = createResourceSet(parseYaml(base + yaml, 'test.yaml').resources);
  const translation = translateGatewayApi(set, 'cluster.local');
  return { ...translation, stated: withStatus(set, translation) };
}

type Conditions = readonly {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly observedGeneration: number;
}[];

/** Conditions of the first parent of a route, or of a listener of a Gateway, as `Type=Status/Reason`. */
function conditions(yaml: string, kind: string, listener?: string): readonly string[] {
  const found = translate(yaml).stated.find((resource) => resource.kind === kind) as
    | {
        status?: {
          parents?: { conditions: Conditions }[];
          listeners?: { name: string; conditions: Conditions }[];
          conditions?: Conditions;
        };
      }
    | undefined;
  const list = listener
    ? found?.status?.listeners?.find(({ name }) => name === listener)?.conditions
    : (found?.status?.parents?.[0]?.conditions ?? found?.status?.conditions);
  return (list ?? []).map(({ type, status, reason }) => `${type}=${status}/${reason}`);
}

const open = '{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}';
const toWeb = 'backendRefs: [{name: web, port: 80}]';
const parent = 'parentRefs: [{name: edge, namespace: edge}]';

test('matches are ranked: exact before longer prefix before shorter, then by method, headers and query', () => {
  const matches = [
    '{path: {value: /}}',
    '{path: {value: /a}}',
    '{path: {value: /a}, method: GET}',
    '{path: {value: /a}, headers: [{name: x, value: y}]}',
    '{path: {value: /a/b}}',
    '{path: {type: Exact, value: /a}}',
  ];
  const rules = matches.map((match) => `{matches: [${match}], ${toWeb}}`).join(',');
  const [translated] = translate(gateway(open) + route(`{${parent}, rules: [${rules}]}`)).virtualServices;
  assert.deepEqual(
    translated?.http.map(({ path }) => path),
    [5, 4, 2, 3, 1, 0].map((index) => `spec.rules[${index}].matches[0]`),
  );
});

const attachCases: readonly [claim: string, listener: string, spec: string, want: string][] = [
  [
    'a route of another namespace needs to be allowed',
    '{name: http, port: 80, protocol: HTTP}',
    `{${parent}}`,
    'Accepted=False/NotAllowedByListeners',
  ],
  [
    'a selector allows namespaces by label',
    '{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {exposed: "true"}}}}}',
    `{${parent}}`,
    'Accepted=True/Accepted',
  ],
  [
    'hosts must meet',
    '{name: http, port: 80, protocol: HTTP, hostname: a.com, allowedRoutes: {namespaces: {from: All}}}',
    `{${parent}, hostnames: [b.com]}`,
    'Accepted=False/NoMatchingListenerHostname',
  ],
  [
    'a wildcard listener does not meet its bare domain',
    '{name: http, port: 80, protocol: HTTP, hostname: "*.a.com", allowedRoutes: {namespaces: {from: All}}}',
    `{${parent}, hostnames: [a.com]}`,
    'Accepted=False/NoMatchingListenerHostname',
  ],
  [
    'a wildcard listener meets hosts at any depth',
    '{name: http, port: 80, protocol: HTTP, hostname: "*.a.com", allowedRoutes: {namespaces: {from: All}}}',
    `{${parent}, hostnames: [x.y.a.com]}`,
    'Accepted=True/Accepted',
  ],
  ['a section must exist', open, '{parentRefs: [{name: edge, namespace: edge, sectionName: other}]}', 'Accepted=False/NoMatchingParent'],
  [
    'a kind must fit the protocol',
    '{name: tcp, port: 90, protocol: TCP, allowedRoutes: {namespaces: {from: All}}}',
    `{${parent}}`,
    'Accepted=False/NotAllowedByListeners',
  ],
];

for (const [claim, listener, spec, want] of attachCases) {
  test(claim, () => assert.equal(conditions(gateway(listener) + route(spec), 'HTTPRoute')[0], want));
}

const backendCases: readonly [claim: string, backend: string, extra: string, want: string][] = [
  ['a backend that exists', '{name: web, port: 80}', '', 'ResolvedRefs=True/ResolvedRefs'],
  ['a backend that does not', '{name: none, port: 80}', '', 'ResolvedRefs=False/BackendNotFound'],
  ['a backend of an unknown kind', '{kind: Bucket, name: web, port: 80}', '', 'ResolvedRefs=False/InvalidKind'],
  ['a backend of another namespace without grant', '{name: api, namespace: edge, port: 80}', '', 'ResolvedRefs=False/RefNotPermitted'],
  [
    'a backend of another namespace with a grant among several',
    '{name: api, namespace: edge, port: 80}',
    `apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: g, namespace: edge}
spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}], to: [{group: "", kind: Secret}, {group: "", kind: Service, name: api}, {group: "", kind: Service, name: other}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: edge}
spec: {ports: [{port: 80}]}
---
`,
    'ResolvedRefs=True/ResolvedRefs',
  ],
];

for (const [claim, backend, extra, want] of backendCases) {
  test(`${claim}: ${want}`, () => {
    const yaml = gateway(open) + extra + route(`{${parent}, rules: [{backendRefs: [${backend}]}]}`);
    assert.deepEqual(conditions(yaml, 'HTTPRoute'), ['Accepted=True/Accepted', want]);
  });
}

test('a backend that cannot be used keeps its weight, one with weight 0 gets nothing, and none at all answers 500', () => {
  const rules = (backends: string) =>
    translate(gateway(open) + route(`{${parent}, rules: [{backendRefs: [${backends}]}]}`)).virtualServices[0]?.http[0]?.spec;
  assert.deepEqual(
    rules('{name: web, port: 80, weight: 3}, {kind: Bucket, name: x, port: 80, weight: 1}')?.route?.map(({ destination, weight }) => [
      destination?.host,
      weight,
    ]),
    [
      ['web.shop.svc.cluster.local', 3],
      [undefined, 1],
    ],
  );
  assert.equal(rules('{name: web, port: 80, weight: 1}, {name: web, port: 80, weight: 0}')?.route?.length, 1);
  assert.deepEqual(rules('')?.directResponse, { status: 500 });
});

test('a redirect is temporary by default and keeps the port of the listener unless it changes the scheme', () => {
  const redirect = (spec: string) =>
    translate(gateway(open) + route(`{${parent}, rules: [{filters: [{type: RequestRedirect, requestRedirect: ${spec}}]}]}`))
      .virtualServices[0]?.http[0]?.spec.redirect;
  assert.deepEqual(redirect('{hostname: b.com}'), { redirectCode: 302, authority: 'b.com', derivePort: 'FROM_REQUEST_PORT' });
  assert.deepEqual(redirect('{scheme: https}'), { redirectCode: 302, scheme: 'https', derivePort: 'FROM_PROTOCOL_DEFAULT' });
});

test('a filter that is not known makes the route unacceptable instead of being left out', () => {
  const yaml = gateway(open) + route(`{${parent}, rules: [{filters: [{type: Teleport}], ${toWeb}}]}`);
  assert.equal(conditions(yaml, 'HTTPRoute')[0], 'Accepted=False/UnsupportedValue');
  assert.deepEqual(translate(yaml).virtualServices[0]?.http[0]?.spec.directResponse, { status: 500 });
});

test('a listener says what is wrong with its certificate, but nothing about secrets it may not refer to', () => {
  const https = (reference: string) =>
    conditions(gateway(`{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [${reference}]}}`), 'Gateway', 'https').at(-1);
  assert.equal(https('{name: none}'), 'ResolvedRefs=False/InvalidCertificateRef');
  assert.equal(https('{name: none, namespace: shop}'), 'ResolvedRefs=False/RefNotPermitted');
  assert.equal(https('{name: web, kind: Service}'), 'ResolvedRefs=False/InvalidCertificateRef');
});

test('listeners of one port and host, or of one port and different protocols, conflict', () => {
  const two = (second: string) => conditions(gateway(`{name: a, port: 80, protocol: HTTP, hostname: a.com}, ${second}`), 'Gateway', 'a')[1];
  assert.equal(two('{name: b, port: 80, protocol: HTTP, hostname: a.com}'), 'Conflicted=True/HostnameConflict');
  assert.equal(two('{name: b, port: 80, protocol: TCP}'), 'Conflicted=True/ProtocolConflict');
  assert.equal(two('{name: b, port: 80, protocol: HTTP, hostname: b.com}'), 'Conflicted=False/NoConflicts');
});

test('a Gateway is programmed when the services it is reached by have its ports', () => {
  const service = (port: number) => `
apiVersion: v1
kind: Service
metadata: {name: edge-istio, namespace: edge}
spec: {clusterIP: 10.0.0.3, ports: [{name: http, port: ${port}}]}
---
`;
  const programmed = (yaml: string) => conditions(gateway(open) + yaml, 'Gateway')[1];
  assert.equal(programmed(''), 'Programmed=False/AddressNotUsable');
  assert.equal(programmed(service(8080)), 'Programmed=False/AddressNotUsable');
  assert.equal(programmed(service(80)), 'Programmed=True/Programmed');
});

test('Gateways of classes that Weft does not control are left alone', () => {
  const foreign = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: edge}
spec: {gatewayClassName: acme, listeners: [${open}]}
---
`;
  const { gateways, stated } = translate(foreign + route(`{${parent}, rules: [{${toWeb}}]}`));
  assert.deepEqual(gateways, []);
  const status = stated[0]?.status as { parents?: readonly unknown[] } | undefined;
  assert.deepEqual(status?.parents, []);
});

test('routes of a service hold for every client when written beside it, else for their own namespace, which comes first', () => {
  const toService = `{parentRefs: [{group: "", kind: Service, name: web, namespace: shop}], rules: [{${toWeb}}]}`;
  const { virtualServices } = translate(
    route(toService) + route(toService, { namespace: 'edge', name: 'mine', createdAt: '2025-01-01T00:00:00Z' }),
  );
  assert.deepEqual(
    virtualServices.map(({ hosts, gateways, exportTo, ref }) => [ref.namespace, hosts[0], gateways[0], exportTo[0]]),
    [
      ['edge', 'web.shop.svc.cluster.local', 'mesh', 'edge'],
      ['shop', 'web.shop.svc.cluster.local', 'mesh', '*'],
    ],
  );
});

test('a gRPC method is a path', () => {
  const spec = `{${parent}, rules: [{matches: [{method: {service: shop.Cart, method: Add}}], ${toWeb}}]}`;
  const [translated] = translate(gateway(open) + route(spec, { kind: 'GRPCRoute' })).virtualServices;
  assert.deepEqual(translated?.http[0]?.spec.match, [{ uri: { exact: '/shop.Cart/Add' } }]);
});

test('conditions carry the generation they were found for, and keep their time while they stay as they are', () => {
  const status = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: edge, generation: 7}
spec: {gatewayClassName: istio, listeners: [${open}]}
status: {conditions: [{type: Accepted, status: "True", lastTransitionTime: "2020-02-02T00:00:00Z"}, {type: Programmed, status: "False", lastTransitionTime: "2020-02-02T00:00:00Z"}]}
---
`;
  const [found] = translate(status).stated as unknown as {
    status: { conditions: { type: string; observedGeneration: number; lastTransitionTime: string }[] };
  }[];
  assert.deepEqual(
    found?.status.conditions.map(({ type, observedGeneration, lastTransitionTime }) => [
      type,
      observedGeneration,
      lastTransitionTime.slice(0, 4),
    ]),
    [
      ['Accepted', 7, '2020'],
      ['Programmed', 7, '2020'],
      ['ResolvedRefs', 7, '1970'],
    ],
  );
});

test('a ListenerSet is served only where its Gateway admits it', () => {
  const listenerSet = `
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: more, namespace: shop}
spec: {parentRef: {name: edge, namespace: edge, kind: Gateway}, listeners: [{name: extra, port: 8080, protocol: HTTP}]}
---
`;
  const admitting = gateway(open).replace('listeners:', 'allowedListeners: {namespaces: {from: All}}, listeners:');
  assert.equal(translate(gateway(open) + listenerSet).gateways.length, 1);
  assert.deepEqual(
    translate(admitting + listenerSet).gateways.map(({ ref }) => `${ref.namespace}/${ref.name}`),
    ['edge/edge-istio-autogenerated-k8s-gateway-http', 'shop/more-istio-autogenerated-k8s-gateway-extra'],
  );
});

test('a BackendTLSPolicy originates TLS, unless a DestinationRule speaks for the service', () => {
  const policy = `
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: tls, namespace: shop}
spec: {targetRefs: [{group: "", kind: Service, name: web}], validation: {hostname: web.example.com, wellKnownCACertificates: System}}
---
`;
  const rule = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec: {host: web.shop.svc.cluster.local}
---
`;
  const [made] = translate(policy).destinationRules;
  assert.deepEqual(made?.spec.trafficPolicy?.tls, {
    mode: 'SIMPLE',
    caCertificates: 'system',
    sni: 'web.example.com',
    subjectAltNames: ['web.example.com'],
  });
  assert.deepEqual(translate(policy + rule).destinationRules, []);
});
