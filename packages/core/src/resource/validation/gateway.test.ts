import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRows, validate } from './test-rows.ts';

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
    ['Gateway', server(https, 'tls: {mode: SIMPLE, credentialName: a, caCrl: b}')],
    ['Gateway', server(https, 'tls: {mode: SIMPLE, serverCertificate: a, privateKey: b, caCrl: c}'), `${at}.tls.caCrl`],
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

test('cipher suites that Envoy does not know are warned of, operators of cipher lists are not', () => {
  const warned = (suite: string): number =>
    validate(
      'Gateway',
      `{servers: [{hosts: [a.b], port: {number: 443, name: https, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: a, cipherSuites: ["${suite}"]}}]}`,
    ).warnings.length;
  assert.deepEqual(['AES128-SHA', '+AES256-SHA', 'ALL', ''].map(warned), [0, 0, 0, 0]);
  assert.deepEqual(['AES128-SHA256', 'aes128-sha'].map(warned), [1, 1]);
});

test('a TCP port of an entry without resolution needs addresses', () => {
  const warned = (spec: string, labels = '{}'): readonly string[] =>
    validate('ServiceEntry', spec, `name: e, namespace: ns, labels: ${labels}`).warnings.map(({ path }) => path);
  const entry = (protocol: string, rest = '') => `{hosts: [a.b], ports: [{number: 1, name: p, protocol: ${protocol}}]${rest}}`;
  assert.deepEqual(warned(entry('TCP')), ['spec.ports[0]']);
  assert.deepEqual(warned(entry('TLS')), []);
  assert.deepEqual(warned(entry('TCP', ', addresses: [10.0.0.1]')), []);
  assert.deepEqual(warned(entry('TCP', ', resolution: DNS')), []);
  assert.deepEqual(warned(entry('TCP', ', resolution: DNS'), '{networking.istio.io/enable-autoallocate-ip: "false"}'), ['spec.ports[0]']);
});
