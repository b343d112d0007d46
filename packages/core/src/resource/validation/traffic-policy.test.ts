import { test } from 'node:test';
import { checkRows } from './test-rows.ts';

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

test('a policy of empty lists is empty, and tables of hashes have the sizes that Envoy takes', () => {
  const maglev = (size: number) =>
    `{host: a, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: ${size}}}}}}`;
  const at = 'spec.trafficPolicy.loadBalancer.consistentHash.maglev.tableSize';
  checkRows([
    ['DestinationRule', '{host: a, trafficPolicy: {portLevelSettings: []}}', 'spec.trafficPolicy'],
    ['DestinationRule', maglev(65_537)],
    ['DestinationRule', maglev(1)],
    ['DestinationRule', maglev(65_538), at],
    ['DestinationRule', maglev(5_000_011), at],
  ]);
});

test('authorities from a ConfigMap come from the own namespace', () => {
  const rule = (name: string) => `{host: a, trafficPolicy: {tls: {mode: SIMPLE, credentialName: "${name}"}}}`;
  const at = 'spec.trafficPolicy.tls.credentialName';
  checkRows([
    ['DestinationRule', rule('configmap://authorities')],
    ['DestinationRule', rule('configmap://ns/authorities')],
    ['DestinationRule', rule('configmap://other/authorities'), at],
    ['DestinationRule', rule('configmap://ns/'), at],
    ['DestinationRule', rule('other/secret')],
  ]);
});
