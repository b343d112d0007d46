import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditions, gateway, open, parent, route, toWeb, translate } from './test-translation.ts';

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

test('routes count as attached to a listener that cannot be served, but not where they are refused', () => {
  const attached = (listener: string, rules: string) => {
    const [found] = translate(gateway(listener) + route(`{${parent}, rules: [${rules}]}`)).stated as unknown as readonly {
      readonly status: { readonly listeners: readonly { readonly attachedRoutes: number }[] };
    }[];
    return found?.status.listeners[0]?.attachedRoutes;
  };
  const unserved =
    '{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: none}]}, allowedRoutes: {namespaces: {from: All}}}';
  assert.equal(attached(open, `{${toWeb}}`), 1);
  assert.equal(attached(unserved, `{${toWeb}}`), 1);
  assert.equal(attached(open, `{filters: [{type: Teleport}], ${toWeb}}`), 0);
});

test('a service that does not exist, or not with the port, accepts no route', () => {
  const reason = (reference: string) => conditions(route(`{parentRefs: [${reference}], rules: [{${toWeb}}]}`), 'HTTPRoute')[0];
  assert.equal(reason('{group: "", kind: Service, name: web}'), 'Accepted=True/Accepted');
  assert.equal(reason('{group: "", kind: Service, name: web, port: 81}'), 'Accepted=False/NoMatchingParent');
  assert.equal(reason('{group: "", kind: Service, name: none}'), 'Accepted=False/NoMatchingParent');
  assert.equal(reason('{group: networking.istio.io, kind: ServiceEntry, name: none}'), 'Accepted=False/NoMatchingParent');
});

test('a Gateway can ask for one IP address of its load balancer; other addresses are names of services', () => {
  const accepted = (addresses: string) =>
    conditions(gateway(open).replace('listeners:', `addresses: [${addresses}], listeners:`), 'Gateway')[0];
  assert.equal(accepted('{value: 192.0.2.1}'), 'Accepted=True/Accepted');
  assert.equal(accepted('{type: IPAddress, value: 192.0.2.1}'), 'Accepted=True/Accepted');
  assert.equal(accepted('{type: Hostname, value: edge}, {type: Hostname, value: other}'), 'Accepted=True/Accepted');
  assert.equal(accepted('{type: Hostname, value: edge}, {type: IPAddress, value: 192.0.2.1}'), 'Accepted=False/UnsupportedAddress');
  assert.equal(accepted('{type: NamedAddress, value: edge}'), 'Accepted=False/UnsupportedAddress');
});

test('a Gateway of another place is programmed as it is, and takes no routes here', () => {
  const remote = gateway(open).replace(
    'gatewayClassName: istio',
    'gatewayClassName: istio-remote, addresses: [{type: IPAddress, value: 192.0.2.1}]',
  );
  assert.deepEqual(conditions(remote, 'Gateway'), ['Accepted=True/Accepted', 'Programmed=True/Programmed']);
  const { gateways, routes } = translate(remote + route(`{${parent}, rules: [{${toWeb}}]}`));
  assert.deepEqual([gateways, routes[0]?.attachments], [[], []]);
});

test('a listener that passes TLS on takes TLSRoutes only, one that opens it TCPRoutes too', () => {
  const kinds = (tls: string) => {
    const [found] = translate(gateway(`{name: tls, port: 443, protocol: TLS, tls: ${tls}}`)).stated as unknown as readonly {
      readonly status: { readonly listeners: readonly { readonly supportedKinds: readonly { readonly kind: string }[] }[] };
    }[];
    return found?.status.listeners[0]?.supportedKinds.map(({ kind }) => kind);
  };
  assert.deepEqual(kinds('{mode: Passthrough}'), ['TLSRoute']);
  assert.deepEqual(kinds('{mode: Terminate}'), ['TLSRoute', 'TCPRoute']);
});
