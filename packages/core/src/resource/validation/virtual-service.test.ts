import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRows, to, validate, virtualService } from './test-rows.ts';

test('VirtualService hosts and gateways', () => {
  checkRows([
    ['VirtualService', virtualService(`{${to}}`, 'hosts: ["*"]'), 'spec.hosts[0]'],
    ['VirtualService', virtualService(`{${to}}`, 'hosts: ["*"], gateways: [gw]')],
    ['VirtualService', virtualService(`{${to}}`, 'hosts: ["*"], gateways: [mesh, gw]'), 'spec.hosts[0]'],
    ['VirtualService', virtualService(`{${to}}`, 'hosts: ["*.foo.bar", "*.bar"]'), 'spec.hosts[1]'],
    ['VirtualService', virtualService(`{${to}}`, 'hosts: [10.1.2.3, "2001:db8::1"]')],
    ['VirtualService', virtualService(`{${to}}`, 'hosts: ["a..b"]'), 'spec.hosts[0]'],
    ['VirtualService', virtualService(`{${to}}`, 'hosts: [a], gateways: [ns/gw/x]'), 'spec.gateways[0]'],
    ['VirtualService', '{hosts: [a]}', 'spec'],
    ['VirtualService', virtualService(`{${to}}`, 'gateways: [gw]'), 'spec.gateways'],
    ['VirtualService', virtualService(`{${to}}`, 'hosts: [a], exportTo: [".", ns]'), 'spec.exportTo[1]'],
    ['VirtualService', virtualService(`{${to}}`, 'hosts: [a], exportTo: ["*", other]'), 'spec.exportTo'],
    ['VirtualService', virtualService(`{${to}}`, 'hosts: [a], exportTo: ["~"]'), 'spec.exportTo[0]'],
    [
      'VirtualService',
      virtualService(`{match: [{headers: {"@request.auth.claims.group": {exact: x}}}], ${to}}`),
      'spec.http[0].match[0].headers',
    ],
    [
      'VirtualService',
      virtualService(`{match: [{headers: {"@request.auth.claims[a][b]": {exact: x}}}], ${to}}`, 'hosts: [a], gateways: [gw]'),
    ],
  ]);
});

test('VirtualService matches take RE2 only, and empty texts only where they mean something', () => {
  const match = (text: string) => virtualService(`{match: [{${text}}], ${to}}`);
  const at = 'spec.http[0].match[0]';
  checkRows([
    ['VirtualService', match('uri: {prefix: ""}')],
    ['VirtualService', match('uri: {regex: "(?=a)"}'), `${at}.uri.regex`],
    ['VirtualService', match(`uri: {regex: "${'a'.repeat(1025)}"}`), `${at}.uri.regex`],
    ['VirtualService', match('headers: {x-a: {}}')],
    ['VirtualService', match('headers: {x-a: null}'), `${at}.headers.x-a`],
    ['VirtualService', match('headers: {x-a: {prefix: ""}}'), `${at}.headers.x-a.prefix`],
    ['VirtualService', match('headers: {x-a: {regex: "*"}}'), `${at}.headers.x-a.regex`],
    ['VirtualService', match('withoutHeaders: {x-a: {regex: "*"}}')],
    ['VirtualService', match('headers: {"x a": {exact: b}}'), `${at}.headers.x a`],
    ['VirtualService', match('headers: {":authority": {exact: b}}')],
    ['VirtualService', match('queryParams: {q: {regex: ""}}'), `${at}.queryParams.q.regex`],
    ['VirtualService', match('port: 70000'), `${at}.port`],
    ['VirtualService', match('sourceNamespace: "a/b"'), `${at}.sourceNamespace`],
  ]);
});

test('VirtualService actions exclude each other and have limits', () => {
  const route = (text: string) => virtualService(`{${text}}`);
  const at = 'spec.http[0]';
  checkRows([
    ['VirtualService', route('match: []'), at],
    ['VirtualService', route('redirect: {uri: /a}, route: [{destination: {host: a}}]'), `${at}.route`],
    ['VirtualService', route('redirect: {}'), `${at}.redirect`],
    ['VirtualService', route('redirect: {uri: /a, redirectCode: 200}'), `${at}.redirect.redirectCode`],
    ['VirtualService', route('directResponse: {status: 199}'), `${at}.directResponse.status`],
    ['VirtualService', route('directResponse: {status: 200, body: {string: ok}}')],
    ['VirtualService', route('delegate: {name: b}')],
    ['VirtualService', route(`delegate: {name: b}, ${to}`), `${at}.route`],
    ['VirtualService', route(`${to}, rewrite: {}`), `${at}.rewrite`],
    ['VirtualService', route(`${to}, rewrite: {uri: /a, uriRegexRewrite: {match: a, rewrite: b}}`), `${at}.rewrite`],
    ['VirtualService', route(`${to}, rewrite: {authority: b}, headers: {request: {set: {Host: c}}}`), `${at}.headers.request`],
    ['VirtualService', route(`${to}, headers: {response: {set: {":status": "1"}}}`), `${at}.headers.response.set.:status`],
    ['VirtualService', route(`${to}, headers: {request: {add: {x-a: "%START_TIME%%"}}}`), `${at}.headers.request.add.x-a`],
    ['VirtualService', route(`${to}, headers: {request: {add: {x-a: "100%% %REQ(x-b)%"}}}`)],
    ['VirtualService', route(`${to}, timeout: 1us`), `${at}.timeout`],
    ['VirtualService', route(`${to}, retries: {attempts: 2, retryOn: "5xx,503,gateway-error"}`)],
    ['VirtualService', route(`${to}, retries: {attempts: 2, retryOn: sometimes}`), `${at}.retries.retryOn`],
    ['VirtualService', route(`${to}, retries: {attempts: 0, perTryTimeout: 1s}`), `${at}.retries`],
    ['VirtualService', route(`${to}, fault: {}`), `${at}.fault`],
    ['VirtualService', route(`${to}, fault: {abort: {grpcStatus: not_found}}`), `${at}.fault.abort.grpcStatus`],
    ['VirtualService', route(`${to}, fault: {delay: {fixedDelay: 1s, percentage: {value: 101}}}`), `${at}.fault.delay.percentage.value`],
    ['VirtualService', route(`${to}, corsPolicy: {allowMethods: [get]}`), `${at}.corsPolicy.allowMethods[0]`],
    ['VirtualService', route(`${to}, corsPolicy: {maxAge: 1500ms}`), `${at}.corsPolicy.maxAge`],
    ['VirtualService', route(`${to}, mirror: {host: b}, mirrors: [{destination: {host: c}}]`), at],
    ['VirtualService', route(`${to}, mirrorPercentage: {value: -1}`), `${at}.mirrorPercentage.value`],
    ['VirtualService', route('route: [{destination: {host: a}, weight: 0}, {destination: {host: b}}]'), `${at}.route`],
    ['VirtualService', route('route: [{destination: {host: a}, weight: 33}, {destination: {host: b}, weight: 33}]')],
    ['VirtualService', route('route: [{destination: {host: a}, weight: -1}]'), `${at}.route[0].weight`],
    ['VirtualService', route('route: [{destination: {host: "*"}}]'), `${at}.route[0].destination.host`],
    [
      'VirtualService',
      '{hosts: [a.b], tls: [{match: [{sniHosts: [c.d]}], route: [{destination: {host: a}}]}]}',
      'spec.tls[0].match[0].sniHosts[0]',
    ],
    [
      'VirtualService',
      '{hosts: [a], tcp: [{match: [{destinationSubnets: [10.0.0.0/40]}], route: []}]}',
      'spec.tcp[0].match[0].destinationSubnets[0]',
      'spec.tcp[0].route',
    ],
  ]);
});

test('deprecated and doubtful settings are warnings', () => {
  const warned = (kind: string, spec: string) => {
    const { errors, warnings } = validate(kind, spec);
    assert.deepEqual(errors, [], spec);
    return warnings.map(({ path }) => path);
  };
  assert.deepEqual(warned('VirtualService', virtualService(`{${to}, mirror: {host: b}, mirrorPercent: 50}`)), [
    'spec.http[0].mirrorPercent',
  ]);
  assert.deepEqual(warned('VirtualService', virtualService(`{${to}}`, 'hosts: [a], gateways: [gw.ns.svc]')), ['spec.gateways[0]']);
  assert.deepEqual(warned('DestinationRule', '{host: a, trafficPolicy: {outlierDetection: {consecutiveErrors: 5}}}'), [
    'spec.trafficPolicy.outlierDetection.consecutiveErrors',
  ]);
  assert.deepEqual(warned('DestinationRule', '{host: a, trafficPolicy: {loadBalancer: {simple: LEAST_CONN}}}'), []);
  assert.deepEqual(warned('Sidecar', '{workloadSelector: {labels: {}}, egress: [{hosts: ["./*", "./a.b"]}]}'), [
    'spec.workloadSelector',
    'spec.egress[0].hosts[1]',
  ]);
  assert.deepEqual(warned('AuthorizationPolicy', '{action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}'), ['spec.rules[0]']);
});

test('what only gateways can do is refused where the VirtualService applies to sidecars too', () => {
  const claims = `{match: [{headers: {"@request.auth.claims.group": {exact: a}}}], ${to}}`;
  const at = 'spec.http[0].match[0].headers';
  const sni = (host: string, rest: string) => `{hosts: ["${host}"], tls: [{match: [{sniHosts: ["${host}"]}], ${to}}], ${rest}}`;
  const name = 'outbound_.80_._.a.ns.svc.cluster.local';
  checkRows([
    ['VirtualService', virtualService(claims, 'hosts: [a], gateways: [gw]')],
    ['VirtualService', virtualService(claims, 'hosts: [a], gateways: [mesh, gw]'), at],
    ['VirtualService', virtualService(claims), at],
    ['VirtualService', sni(name, 'gateways: [gw]')],
    ['VirtualService', sni(name, 'gateways: [mesh, gw]'), 'spec.hosts[0]', 'spec.tls[0].match[0].sniHosts[0]'],
    ['VirtualService', sni('outbound_.x_._.a', 'gateways: [gw]'), 'spec.hosts[0]', 'spec.tls[0].match[0].sniHosts[0]'],
  ]);
});

test('a CORS policy may allow every method', () => {
  checkRows([
    ['VirtualService', virtualService(`{corsPolicy: {allowMethods: ["*"]}, ${to}}`)],
    ['VirtualService', virtualService(`{corsPolicy: {allowMethods: [get]}, ${to}}`), 'spec.http[0].corsPolicy.allowMethods[0]'],
  ]);
});
