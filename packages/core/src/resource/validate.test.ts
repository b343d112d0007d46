import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseResource, parseYaml } from './parse.ts';
import { isWellTyped, validateMeshConfig, validateResource } from './validate.ts';

const apiVersions: Readonly<Record<string, string>> = {
  PeerAuthentication: 'security.istio.io/v1',
  RequestAuthentication: 'security.istio.io/v1',
  AuthorizationPolicy: 'security.istio.io/v1',
  Telemetry: 'telemetry.istio.io/v1',
  WasmPlugin: 'extensions.istio.io/v1alpha1',
  TrafficExtension: 'extensions.istio.io/v1alpha1',
  EnvoyFilter: 'networking.istio.io/v1alpha3',
  ProxyConfig: 'networking.istio.io/v1beta1',
  IstioOperator: 'install.istio.io/v1alpha1',
  HTTPRoute: 'gateway.networking.k8s.io/v1',
  GRPCRoute: 'gateway.networking.k8s.io/v1',
  KubernetesGateway: 'gateway.networking.k8s.io/v1',
  BackendTLSPolicy: 'gateway.networking.k8s.io/v1',
  TLSRoute: 'gateway.networking.k8s.io/v1',
};

function validate(kind: string, spec: string, metadata = 'name: test, namespace: ns') {
  const text = `apiVersion: ${apiVersions[kind] ?? 'networking.istio.io/v1'}\nkind: ${kind.replace('Kubernetes', '')}\nmetadata: {${metadata}}\nspec: ${spec}\n`;
  const { resources, problems } = parseYaml(text, 'f.yaml');
  assert.deepEqual(problems, [], `cannot parse ${spec}`);
  const [resource] = resources;
  assert.ok(resource);
  return validateResource(resource);
}

/** Kind, specification in flow style, and the paths of the errors it has; none when it is valid. */
type Row = readonly [kind: string, spec: string, ...paths: string[]];

function checkRows(rows: readonly Row[]): void {
  for (const [kind, spec, ...paths] of rows) {
    const { errors } = validate(kind, spec);
    const found = [...new Set(errors.map(({ path }) => path))].sort();
    assert.deepEqual(found, paths.toSorted(), `${kind} ${spec}\n${errors.map(({ path, message }) => `  ${path}: ${message}`).join('\n')}`);
  }
}

const to = 'route: [{destination: {host: a}}]';
const virtualService = (http: string, rest = 'hosts: [a]') => `{${rest}, http: [${http}]}`;

test('a schema refuses wrong types, unknown fields, unknown values and numbers out of range', () => {
  checkRows([
    ['VirtualService', '{hosts: a}', 'spec.hosts'],
    ['VirtualService', virtualService(`{${to}, retry: {}}`), 'spec.http[0].retry'],
    ['VirtualService', virtualService('{route: [{destination: {host: 1}}]}'), 'spec.http[0].route[0].destination.host'],
    ['VirtualService', virtualService('null'), 'spec.http[0]'],
    ['VirtualService', `{hosts: [a], http: [{${to}}], tls: null}`],
    ['DestinationRule', '{host: a, trafficPolicy: {loadBalancer: {simple: FASTEST}}}', 'spec.trafficPolicy.loadBalancer.simple'],
    ['WorkloadEntry', '{address: 1.2.3.4, weight: -1}', 'spec.weight'],
    ['PeerAuthentication', '{mtls: {mode: SOMETIMES}}', 'spec.mtls.mode'],
    ['Telemetry', '{tracing: [{randomSamplingPercentage: 101}]}', 'spec.tracing[0].randomSamplingPercentage'],
    ['VirtualService', virtualService(`{${to}, match: [{uri: {exact: /a, prefix: /b}}]}`), 'spec.http[0].match[0].uri'],
  ]);
});

test('an unknown field that is nearly known is answered with the known one', () => {
  const [error] = validate('DestinationRule', '{host: a, traffic_policy: {}}').errors;
  assert.match(error?.message ?? '', /trafficPolicy/);
});

test('names, labels and annotations are checked as an API server does', () => {
  const spec = '{host: a}';
  assert.deepEqual(
    validate('DestinationRule', spec, 'name: A_b').errors.map(({ path }) => path),
    ['metadata.name'],
  );
  assert.deepEqual(
    validate('DestinationRule', spec, 'labels: {version: 1.0}').errors.map(({ path }) => path),
    ['metadata.name', 'metadata.labels.version'],
  );
  assert.deepEqual(
    validate('DestinationRule', spec, 'name: a, annotations: {istio.io/dry-run: "true"}').errors.map(({ path }) => path),
    ['metadata.annotations["istio.io/dry-run"]'],
  );
});

test('VirtualService hosts and gateways', () => {
  checkRows([
    ['VirtualService', virtualService(`{${to}}`, 'hosts: ["*"]'), 'spec.hosts[0]'],
    ['VirtualService', virtualService(`{${to}}`, 'hosts: ["*"], gateways: [gw]')],
    ['VirtualService', virtualService(`{${to}}`, 'hosts: ["*"], gateways: [mesh, gw]')],
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

test('DestinationRule policies', () => {
  const policy = (text: string) => `{host: a.b, trafficPolicy: {${text}}}`;
  const at = 'spec.trafficPolicy';
  checkRows([
    ['DestinationRule', '{host: a, trafficPolicy: {}}', at],
    ['DestinationRule', '{host: a, subsets: [{name: v1}, {name: v1}]}', 'spec.subsets[1].name'],
    ['DestinationRule', '{host: a, subsets: [{name: v_1}]}', 'spec.subsets[0].name'],
    ['DestinationRule', policy('connectionPool: {}'), `${at}.connectionPool`],
    ['DestinationRule', policy('connectionPool: {tcp: {idleTimeout: 0s}}')],
    ['DestinationRule', policy('connectionPool: {http: {idleTimeout: 0s}}'), `${at}.connectionPool.http.idleTimeout`],
    [
      'DestinationRule',
      policy('connectionPool: {http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}}'),
      `${at}.connectionPool.http.useClientProtocol`,
    ],
    [
      'DestinationRule',
      policy('loadBalancer: {consistentHash: {maglev: {tableSize: 1000}, useSourceIp: true}}'),
      `${at}.loadBalancer.consistentHash.maglev.tableSize`,
    ],
    ['DestinationRule', policy('loadBalancer: {consistentHash: {httpCookie: {name: c, ttl: 0s}}}')],
    [
      'DestinationRule',
      policy('loadBalancer: {consistentHash: {useSourceIp: true, httpHeaderName: x}}'),
      `${at}.loadBalancer.consistentHash`,
    ],
    ['DestinationRule', policy('loadBalancer: {warmup: {duration: 10s, aggression: 0.5}}')],
    ['DestinationRule', policy('loadBalancer: {warmup: {}}'), `${at}.loadBalancer.warmup.duration`],
    ['DestinationRule', policy('loadBalancer: {localityLbSetting: {distribute: [{from: "r/z/*", to: {"r/z/*": 80, "r/y/*": 20}}]}}')],
    [
      'DestinationRule',
      policy('loadBalancer: {localityLbSetting: {distribute: [{from: r, to: {r: 99}}]}}'),
      `${at}.loadBalancer.localityLbSetting.distribute[0].to`,
    ],
    [
      'DestinationRule',
      policy('loadBalancer: {localityLbSetting: {distribute: [{from: "*", to: {a: 100}}, {from: b, to: {a: 100}}]}}'),
      `${at}.loadBalancer.localityLbSetting.distribute`,
    ],
    [
      'DestinationRule',
      policy('loadBalancer: {localityLbSetting: {failover: [{from: a, to: a}]}}'),
      `${at}.loadBalancer.localityLbSetting.failover[0]`,
    ],
    [
      'DestinationRule',
      policy('outlierDetection: {consecutiveLocalOriginFailures: 5}'),
      `${at}.outlierDetection.consecutiveLocalOriginFailures`,
    ],
    ['DestinationRule', policy('outlierDetection: {maxEjectionPercent: 101}'), `${at}.outlierDetection.maxEjectionPercent`],
    ['DestinationRule', policy('tls: {mode: MUTUAL}'), `${at}.tls.clientCertificate`, `${at}.tls.privateKey`],
    ['DestinationRule', policy('tls: {mode: MUTUAL, credentialName: c}')],
    ['DestinationRule', policy('tls: {mode: SIMPLE, credentialName: c, caCertificates: f}'), `${at}.tls`],
    ['DestinationRule', policy('tls: {mode: SIMPLE, insecureSkipVerify: true, subjectAltNames: [a]}'), `${at}.tls`],
    ['DestinationRule', policy('portLevelSettings: [{port: {number: 80}}]'), `${at}.portLevelSettings[0]`],
    ['DestinationRule', policy('tunnel: {targetHost: "*", targetPort: 0}'), `${at}.tunnel.targetHost`, `${at}.tunnel.targetPort`],
    ['DestinationRule', '{host: a, workloadSelector: {matchLabels: {app: a}}, exportTo: ["*"]}', 'spec.exportTo'],
  ]);
});

test('Gateway servers', () => {
  const server = (port: string, rest = '') => `{servers: [{hosts: ["*"], port: {${port}}${rest && `, ${rest}`}}]}`;
  const https = 'number: 443, name: https, protocol: HTTPS';
  const http = 'number: 80, name: http, protocol: HTTP';
  const at = 'spec.servers[0]';
  checkRows([
    ['Gateway', '{}', 'spec.servers'],
    ['Gateway', server(http)],
    ['Gateway', server(http, 'tls: {httpsRedirect: true}')],
    ['Gateway', server(http, 'tls: {httpsRedirect: true, mode: SIMPLE, credentialName: c}'), `${at}.tls`],
    ['Gateway', server(https), `${at}.tls`],
    ['Gateway', server(https, 'tls: {mode: SIMPLE, credentialName: c}')],
    ['Gateway', server(https, 'tls: {mode: SIMPLE}'), `${at}.tls.privateKey`, `${at}.tls.serverCertificate`],
    ['Gateway', server(https, 'tls: {mode: MUTUAL, serverCertificate: a, privateKey: b}'), `${at}.tls.caCertificates`],
    ['Gateway', server(https, 'tls: {mode: ISTIO_MUTUAL, credentialName: c}'), `${at}.tls.credentialName`],
    ['Gateway', server(https, 'tls: {mode: SIMPLE, credentialName: a, serverCertificate: b, privateKey: c}'), `${at}.tls`],
    ['Gateway', server(https, 'tls: {mode: SIMPLE, credentialName: a, caCrl: b}'), `${at}.tls.caCrl`],
    ['Gateway', server('number: 80, name: http, protocol: QUIC'), `${at}.port.protocol`],
    ['Gateway', server('number: 0, name: http, protocol: HTTP'), `${at}.port.number`],
    ['Gateway', server('number: 80, name: http, protocol: HTTP, targetPort: 8080'), `${at}.port.targetPort`],
    ['Gateway', server(http, 'bind: localhost'), `${at}.bind`],
    ['Gateway', `{servers: [{port: {${http}}, hosts: [short]}]}`, `${at}.hosts[0]`],
    ['Gateway', `{servers: [{port: {${http}}, hosts: [ns/*, ./a.b, 10.0.0.1, "~/a.b"]}]}`, `${at}.hosts[3]`],
    ['Gateway', `{servers: [{port: {${http}}, hosts: ["*"]}, {port: {${http}}, hosts: [a.b]}]}`, 'spec.servers[1].port.name'],
  ]);
});

test('Sidecar listeners', () => {
  const ingress = (text: string) => `{ingress: [{port: {number: 80, protocol: HTTP, name: http}, ${text}}]}`;
  checkRows([
    ['Sidecar', '{}', 'spec'],
    ['Sidecar', ingress('defaultEndpoint: "127.0.0.1:8080"')],
    ['Sidecar', ingress('defaultEndpoint: "[::1]:8080"')],
    ['Sidecar', ingress('defaultEndpoint: "unix:///a/b"')],
    ['Sidecar', ingress('defaultEndpoint: "10.0.0.1:8080"'), 'spec.ingress[0].defaultEndpoint'],
    ['Sidecar', ingress('defaultEndpoint: "127.0.0.1"'), 'spec.ingress[0].defaultEndpoint'],
    ['Sidecar', ingress('tls: {mode: SIMPLE, serverCertificate: a, privateKey: b}'), 'spec.ingress[0].tls'],
    ['Sidecar', '{egress: [{hosts: [a.b]}]}', 'spec.egress[0].hosts[0]'],
    ['Sidecar', '{egress: [{hosts: ["./*"]}, {port: {number: 80, protocol: HTTP}, hosts: ["./*"]}]}', 'spec.egress[0]'],
    ['Sidecar', '{egress: [{port: {number: 0}, hosts: ["./*"]}]}', 'spec.egress[0].port.number'],
    [
      'Sidecar',
      '{egress: [{port: {number: 0, protocol: TCP}, bind: "unix:///a", captureMode: IPTABLES, hosts: ["./*"]}]}',
      'spec.egress[0].captureMode',
    ],
    ['Sidecar', '{outboundTrafficPolicy: {egressProxy: {host: a.b, port: {number: 80}}}}', 'spec.outboundTrafficPolicy.egressProxy'],
  ]);
});

test('ServiceEntry, WorkloadEntry and WorkloadGroup', () => {
  const entry = (text: string) => `{hosts: [a.com], ports: [{number: 80, name: http, protocol: HTTP}], ${text}}`;
  checkRows([
    ['ServiceEntry', entry('resolution: DNS')],
    ['ServiceEntry', '{hosts: ["*.a.com"], resolution: DNS, ports: [{number: 80, name: http}]}', 'spec.hosts[0]'],
    ['ServiceEntry', '{hosts: ["*"], ports: []}', 'spec.hosts[0]'],
    ['ServiceEntry', entry('endpoints: []'), 'spec.endpoints'],
    ['ServiceEntry', entry('resolution: STATIC, endpoints: [{address: b.com}]'), 'spec.endpoints[0].address'],
    ['ServiceEntry', entry('resolution: STATIC, endpoints: [{address: 1.2.3.4, ports: {other: 1}}]'), 'spec.endpoints[0].ports.other'],
    ['ServiceEntry', entry('resolution: DNS, addresses: [10.0.0.0/8]'), 'spec.addresses'],
    ['ServiceEntry', entry('resolution: DNS_ROUND_ROBIN, endpoints: [{address: a.b}, {address: c.d}]'), 'spec.endpoints'],
    ['ServiceEntry', entry('resolution: STATIC, workloadSelector: {labels: {a: "*"}}'), 'spec.workloadSelector.labels.a'],
    ['ServiceEntry', entry('resolution: STATIC, workloadSelector: {labels: {a: b}}, endpoints: [{address: 1.2.3.4}]'), 'spec'],
    ['ServiceEntry', '{hosts: [a.com, b.com], resolution: STATIC, ports: [{number: 1, name: tcp, protocol: TCP}]}', 'spec.hosts'],
    ['ServiceEntry', '{hosts: [a.com], ports: [{number: 1, name: a}, {number: 1, name: b}]}', 'spec.ports[1].number'],
    ['ServiceEntry', entry('exportTo: ["~"]')],
    ['WorkloadEntry', '{}', 'spec.address'],
    ['WorkloadEntry', '{network: net1}'],
    ['WorkloadEntry', '{address: "unix:///a", ports: {http: 80}}', 'spec.ports'],
    ['WorkloadEntry', '{address: "unix://a"}', 'spec.address'],
    ['WorkloadEntry', '{address: not_a_name}', 'spec.address'],
    ['WorkloadEntry', '{address: 1.2.3.4, ports: {http: 70000}}', 'spec.ports.http'],
    ['WorkloadGroup', '{}', 'spec.template'],
    ['WorkloadGroup', '{template: {}, probe: {httpGet: {port: 0}}}', 'spec.probe.httpGet.port'],
    ['WorkloadGroup', '{template: {serviceAccount: a}, probe: {tcpSocket: {port: 80}}}'],
  ]);
});

test('AuthorizationPolicy rules', () => {
  const rule = (text: string) => `{rules: [{${text}}]}`;
  const source = (text: string) => rule(`from: [{source: {${text}}}]`);
  const operation = (text: string) => rule(`to: [{operation: {${text}}}]`);
  const from = 'spec.rules[0].from[0].source';
  const at = 'spec.rules[0].to[0].operation';
  checkRows([
    ['AuthorizationPolicy', '{}'],
    ['AuthorizationPolicy', '{rules: [{}]}'],
    ['AuthorizationPolicy', '{action: DENY}', 'spec.rules'],
    ['AuthorizationPolicy', '{action: CUSTOM, rules: [{}]}', 'spec.provider.name'],
    ['AuthorizationPolicy', '{provider: {name: p}, rules: [{}]}', 'spec.provider'],
    ['AuthorizationPolicy', rule('from: []'), 'spec.rules[0].from'],
    ['AuthorizationPolicy', source(''), from],
    ['AuthorizationPolicy', source('ipBlocks: [10.0.0.0/33]'), `${from}.ipBlocks[0]`],
    ['AuthorizationPolicy', source('principals: [""]'), `${from}.principals[0]`],
    ['AuthorizationPolicy', source('serviceAccounts: [ns/a], namespaces: [b]'), from],
    ['AuthorizationPolicy', source('serviceAccounts: [ns/a, b]')],
    ['AuthorizationPolicy', source('serviceAccounts: ["*"]'), `${from}.serviceAccounts[0]`],
    ['AuthorizationPolicy', operation('ports: ["0"]'), `${at}.ports[0]`],
    ['AuthorizationPolicy', operation('paths: ["/a/{*}/b", "/c/{**}", "/d*"]')],
    ['AuthorizationPolicy', operation('paths: ["/{**}/{*}"]'), `${at}.paths[0]`],
    ['AuthorizationPolicy', operation('paths: ["/{a}"]'), `${at}.paths[0]`],
    ['AuthorizationPolicy', operation('paths: ["/{*}/b*"]'), `${at}.paths[0]`],
    ['AuthorizationPolicy', rule('when: [{key: "request.auth.claims[a][b]", values: [c]}]')],
    ['AuthorizationPolicy', rule('when: [{key: request.headers, values: [c]}]'), 'spec.rules[0].when[0].key'],
    ['AuthorizationPolicy', rule('when: [{key: source.colour, values: [c]}]'), 'spec.rules[0].when[0].key'],
    ['AuthorizationPolicy', rule('when: [{key: source.ip}]'), 'spec.rules[0].when[0]'],
    ['AuthorizationPolicy', '{selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: s}]}', 'spec'],
    ['AuthorizationPolicy', '{targetRefs: [{kind: Pod, name: s}]}', 'spec.targetRefs[0]'],
    ['AuthorizationPolicy', '{targetRefs: [{kind: Service, name: s, namespace: x}]}', 'spec.targetRefs[0].namespace'],
  ]);
});

test('authentication, telemetry and extensions', () => {
  checkRows([
    ['PeerAuthentication', '{portLevelMtls: {8080: {mode: STRICT}}}', 'spec.portLevelMtls'],
    ['PeerAuthentication', '{selector: {matchLabels: {a: b}}, portLevelMtls: {http: {mode: STRICT}}}', 'spec.portLevelMtls.http'],
    ['PeerAuthentication', '{selector: {matchLabels: {a: b}}, portLevelMtls: {8080: {mode: STRICT}}}'],
    ['RequestAuthentication', '{jwtRules: [{}]}', 'spec.jwtRules[0].issuer'],
    ['RequestAuthentication', '{jwtRules: [{issuer: a, jwksUri: "ftp://b"}]}', 'spec.jwtRules[0].jwksUri'],
    ['RequestAuthentication', '{jwtRules: [{issuer: a, jwks: "{"}]}', 'spec.jwtRules[0].jwks'],
    ['RequestAuthentication', `{jwtRules: [{issuer: a, jwks: '{"keys": [{"kty": "new"}]}'}]}`, 'spec.jwtRules[0].jwks'],
    ['RequestAuthentication', `{jwtRules: [{issuer: a, jwks: '{"keys": [{"kty": "RSA", "e": "AQAB"}]}'}]}`, 'spec.jwtRules[0].jwks'],
    ['RequestAuthentication', `{jwtRules: [{issuer: a, jwks: '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}'}]}`],
    ['RequestAuthentication', '{jwtRules: [{issuer: a, jwksUri: "https://b", jwks: "{\\"keys\\": []}"}]}', 'spec.jwtRules[0]'],
    [
      'RequestAuthentication',
      '{jwtRules: [{issuer: a, outputClaimToHeaders: [{claim: c, header: "x y"}]}]}',
      'spec.jwtRules[0].outputClaimToHeaders[0].header',
    ],
    [
      'Telemetry',
      '{metrics: [{overrides: [{tagOverrides: {a: {operation: UPSERT}}}]}]}',
      'spec.metrics[0].overrides[0].tagOverrides.a.value',
    ],
    ['Telemetry', '{accessLogging: [{filter: {expression: "response.code >= 400"}}]}'],
    ['Telemetry', '{accessLogging: [{filter: {expression: "response.code >="}}]}', 'spec.accessLogging[0].filter.expression'],
    ['WasmPlugin', '{url: "oci://a/b:c"}'],
    ['WasmPlugin', '{url: "a.b/c:d", sha256: ""}'],
    ['WasmPlugin', '{url: "ftp://a"}', 'spec.url'],
    ['WasmPlugin', '{url: a, vmConfig: {env: [{name: A, valueFrom: HOST, value: b}]}}', 'spec.vmConfig.env[0].value'],
    ['TrafficExtension', '{}', 'spec'],
    ['TrafficExtension', '{lua: {inlineCode: "a"}, phase: AUTHN}'],
    [
      'EnvoyFilter',
      '{configPatches: [{applyTo: CLUSTER, match: {listener: {}}, patch: {operation: REMOVE}}]}',
      'spec.configPatches[0].match.listener',
    ],
    ['EnvoyFilter', '{configPatches: [{applyTo: CLUSTER, patch: {operation: MERGE}}]}', 'spec.configPatches[0].patch.value'],
    ['EnvoyFilter', '{configPatches: [{patch: {operation: REMOVE}}]}', 'spec.configPatches[0].applyTo'],
    ['ProxyConfig', '{concurrency: -1}', 'spec.concurrency'],
    ['IstioOperator', '{profile: default, hube: x}', 'spec.hube'],
    ['IstioOperator', '{meshConfig: {connectTimeout: 2h}}', 'spec.meshConfig.connectTimeout'],
  ]);
});

test('the rules of the Gateway API', () => {
  const rule = (text: string) => `{rules: [{${text}}]}`;
  const redirect = 'filters: [{type: RequestRedirect, requestRedirect: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /x}}}]';
  const tls = (text: string) => `{gatewayClassName: istio, listeners: [{name: a, port: 443, ${text}}]}`;
  checkRows([
    ['HTTPRoute', rule('backendRefs: [{name: a}]'), 'spec.rules[0].backendRefs[0].port'],
    [
      'KubernetesGateway',
      '{gatewayClassName: a, listeners: [{name: a, port: 80, protocol: HTTP}], addresses: [{value: here}]}',
      'spec.addresses[0].value',
    ],
    ['HTTPRoute', rule('backendRefs: [{name: a, kind: Other, group: x.io}]')],
    ['HTTPRoute', rule('matches: [{path: {value: a}}]'), 'spec.rules[0].matches[0].path.value'],
    ['HTTPRoute', rule('matches: [{path: {value: /a/../b}}]'), 'spec.rules[0].matches[0].path.value'],
    ['HTTPRoute', rule(redirect)],
    ['HTTPRoute', rule(`matches: [{path: {type: Exact, value: /a}}], ${redirect}`), 'spec.rules[0].matches'],
    ['HTTPRoute', rule(`${redirect}, backendRefs: [{name: a, port: 80}]`), 'spec.rules[0].backendRefs'],
    ['HTTPRoute', rule('filters: [{type: URLRewrite}]'), 'spec.rules[0].filters[0].urlRewrite'],
    ['HTTPRoute', rule('timeouts: {request: 1s, backendRequest: 2s}'), 'spec.rules[0].timeouts.backendRequest'],
    ['HTTPRoute', '{parentRefs: [{name: a}, {name: a, sectionName: b}]}', 'spec.parentRefs[1]'],
    ['GRPCRoute', rule('matches: [{method: {type: Exact}}]'), 'spec.rules[0].matches[0].method'],
    ['KubernetesGateway', tls('protocol: HTTP, tls: {certificateRefs: [{name: c}]}'), 'spec.listeners[0].tls'],
    ['KubernetesGateway', tls('protocol: HTTPS, tls: {}'), 'spec.listeners[0].tls.certificateRefs'],
    ['KubernetesGateway', tls('protocol: HTTPS, hostname: a.b, tls: {certificateRefs: [{name: c}]}')],
    ['BackendTLSPolicy', '{targetRefs: [{group: "", kind: Service, name: a}], validation: {hostname: a.b}}', 'spec.validation'],
    ['TLSRoute', '{hostnames: [a.b], rules: [{backendRefs: [{name: a}]}]}', 'spec.rules[0].backendRefs[0].port'],
  ]);
});

test('the fields of Kubernetes resources that a mesh reads have the right types', () => {
  const paths = (text: string) =>
    parseYaml(text, 'f').resources.flatMap((resource) => validateResource(resource).errors.map(({ path }) => path));
  const service = (spec: string) => `apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: ${spec}\n`;
  assert.deepEqual(paths(service('{ports: [{port: 80, targetPort: http}], clusterIP: None, sessionAffinity: None}')), []);
  assert.deepEqual(paths(service('{ports: 80}')), ['spec.ports']);
  assert.deepEqual(paths(service('{selector: {version: 1.0}, ports: [{port: "80"}]}')), ['spec.selector.version', 'spec.ports[0].port']);
  assert.deepEqual(paths('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 1}\n'), ['data.a']);
  const [wrong, right] = parseYaml(`${service('{ports: 80}')}---\n${service('{ports: [{port: 0}]}')}`, 'f').resources;
  assert.deepEqual([wrong && isWellTyped(wrong), right && isWellTyped(right)], [false, true]);
});

test('a mesh configuration is checked like a resource, with paths of its own', () => {
  const errors = (text: string) => validateMeshConfig(text).errors.map(({ path }) => path);
  assert.deepEqual(errors('trustDomain: cluster.local\ndefaultConfig: {discoveryAddress: "istiod.istio-system.svc:15012"}\n'), []);
  assert.deepEqual(errors('trustDomain: "a b"\ntrustDomainAliases: [a, ""]\n'), ['trustDomain', 'trustDomainAliases[1]']);
  assert.deepEqual(errors('defaultConfig: {discoveryAddress: nowhere, statusPort: 0}\n'), [
    'defaultConfig.statusPort',
    'defaultConfig.discoveryAddress',
  ]);
  assert.deepEqual(errors('connectTimeout: 5\n'), ['connectTimeout']);
  assert.deepEqual(errors('- a\n'), ['']);
  assert.deepEqual(
    validateMeshConfig('extensionProviders: [{name: p, zipkin: {service: z, port: 0}}]\nnewField: 1\n').warnings.map(({ path }) => path),
    ['newField', 'extensionProviders[0].zipkin.port'],
  );
  const providers = `extensionProviders:
- {name: a, envoyExtAuthzHttp: {service: a.b, port: 80, statusOnError: teapot, pathPrefix: check, timeout: 0s}}
- {name: b, envoyExtAuthzGrpc: {service: a.b, port: 80, statusOnError: "503", timeout: 1s}}
- {name: c, opentelemetry: {service: a.b, port: 4318, http: {timeout: 1s}}}
`;
  assert.deepEqual(
    validateMeshConfig(providers).warnings.map(({ path }) => path),
    [
      'extensionProviders[0].envoyExtAuthzHttp.statusOnError',
      'extensionProviders[0].envoyExtAuthzHttp.pathPrefix',
      'extensionProviders[0].envoyExtAuthzHttp.timeout',
      'extensionProviders[2].opentelemetry.http.path',
    ],
  );
});

test('sources tell which rule was broken', () => {
  const { errors } = validate('WorkloadEntry', '{address: "unix://a", ports: {http: 80}, labels: {"a b": c}, colour: red}');
  assert.deepEqual(Object.fromEntries(errors.map(({ path, source }) => [path, source])), {
    'spec.colour': 'schema',
    'spec.address': 'cel',
    'spec.ports': 'cel',
    'spec.labels': 'semantic',
  });
});

test('a kind nobody knows is valid, and an old version is checked like a new one', () => {
  assert.deepEqual(
    parseYaml('apiVersion: x/v1\nkind: Thing\nspec: 3\n', 'f').resources.map((resource) => validateResource(resource)),
    [{ errors: [], warnings: [] }],
  );
  const versions = ['v1', 'v1beta1', 'v1alpha3'].map(
    (version) => `apiVersion: networking.istio.io/${version}\nkind: Gateway\nmetadata: {name: g}\nspec: {}\n`,
  );
  const results = parseYaml(versions.join('---\n'), 'f').resources.map((resource) => validateResource(resource));
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
});

test('no value in place of another makes validation throw', () => {
  const specs: readonly (readonly [string, string])[] = [
    [
      'VirtualService',
      virtualService(
        `{match: [{uri: {prefix: /a}, headers: {x: {exact: b}}}], ${to}, retries: {attempts: 1}, fault: {abort: {httpStatus: 500}}}`,
      ),
    ],
    [
      'DestinationRule',
      '{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 100}}]}}, tls: {mode: SIMPLE}}, subsets: [{name: a, labels: {b: c}}]}',
    ],
    [
      'Gateway',
      '{servers: [{hosts: [a.b], port: {number: 1, name: a, protocol: HTTPS}, tls: {mode: SIMPLE, tlsCertificates: [{privateKey: a}]}}]}',
    ],
    [
      'AuthorizationPolicy',
      '{rules: [{from: [{source: {ipBlocks: [1.2.3.4]}}], to: [{operation: {paths: [a]}}], when: [{key: source.ip, values: [a]}]}]}',
    ],
    ['ServiceEntry', '{hosts: [a.b], endpoints: [{address: 1.2.3.4, ports: {a: 1}}], ports: [{number: 1, name: a}], resolution: STATIC}'],
    [
      'HTTPRoute',
      '{parentRefs: [{name: a}], rules: [{matches: [{path: {value: /}}], filters: [{type: CORS, cors: {}}], backendRefs: [{name: a, port: 1}]}]}',
    ],
    ['IstioOperator', '{meshConfig: {extensionProviders: [{name: a, zipkin: {service: b, port: 1}}], defaultConfig: {tracing: {}}}}'],
  ];
  const resources = specs.map(([kind, spec]) => {
    const text = `apiVersion: ${apiVersions[kind] ?? 'networking.istio.io/v1'}\nkind: ${kind}\nmetadata: {name: a}\nspec: ${spec}\n`;
    return parseYaml(text, 'f').resources[0];
  });
  fc.assert(
    fc.property(fc.constantFrom(...resources), fc.nat(60), fc.jsonValue({ maxDepth: 2 }), (resource, place, replacement) => {
      assert.ok(resource);
      const raw = replaceNth(structuredClone(resource.raw), place, replacement);
      const replaced = parseResource(raw, resource.source, 'default');
      assert.ok(replaced);
      validateResource(replaced);
    }),
    { numRuns: 3000 },
  );
});

/** The object with its n-th value, counted depth first, replaced. */
function replaceNth(root: Record<string, unknown>, place: number, replacement: unknown): Record<string, unknown> {
  let count = 0;
  const visit = (value: unknown): unknown => {
    if (count++ === place) return replacement;
    if (Array.isArray(value)) return value.map(visit);
    if (value !== null && typeof value === 'object')
      return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, visit(child)]));
    return value;
  };
  return { ...root, spec: visit(root.spec) };
}
