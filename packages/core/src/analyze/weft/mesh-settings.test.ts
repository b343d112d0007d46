import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, messagesOf } from '../test-findings.ts';

const configMap = (mesh: string, name = 'istio') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: istio-system}\ndata:\n  mesh: |\n${mesh.replaceAll(/^/gm, '    ')}\n`;

test('settings that have no effect are named with the reason', () => {
  const messages = messagesOf(
    configMap(
      [
        'caCertificates: [{pem: x}]',
        'ca: {address: "ca.example.com:443"}',
        'defaultConfig: {tracing: {stackdriver: {}}, envoyMetricsService: {address: "m:1", tlsSettings: {mode: SIMPLE}}}',
        'extensionProviders: [{name: old, lightstep: {service: l, port: 1}}, {name: unused, opencensus: {service: o, port: 1}}]',
        'defaultProviders: {tracing: [old]}',
      ].join('\n'),
    ),
  );
  assert.deepEqual(
    messages.map(({ message }) => message.split(':')[0]),
    [
      'ca has no effect',
      'caCertificates has no effect',
      'defaultConfig.envoyMetricsService.tlsSettings has no effect',
      'defaultConfig.tracing.stackdriver has no effect',
      'extensionProviders[0].lightstep has no effect',
    ],
  );
});

test('an IstioOperator is looked at too', () => {
  const operator = `apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: i, namespace: istio-system}\nspec: {meshConfig: {configSources: [{address: "xds://x:1"}]}}\n`;
  assert.deepEqual(findings(operator), ['WFT2005 IstioOperator istio-system/i spec.meshConfig']);
});

test('what an installation of Istio writes of itself is in order', () => {
  const usual = [
    'accessLogFile: /dev/stdout',
    'defaultConfig: {discoveryAddress: "istiod.istio-system.svc:15012", tracing: {}, proxyMetadata: {}, caCertificatesPem: [], customConfigFile: ""}',
    'defaultProviders: {metrics: [prometheus]}',
    'enablePrometheusMerge: true',
    'extensionProviders: [{envoyOtelAls: {port: 4317, service: o.example.com}, name: otel}, {name: skywalking, skywalking: {port: 11800, service: t.example.com}}]',
    'caCertificates: []',
    'rootNamespace: istio-system',
    'trustDomain: cluster.local',
  ].join('\n');
  assert.deepEqual(findings(configMap(usual)), []);
  assert.deepEqual(findings(configMap('caCertificates: [{pem: x}]', 'other')), []);
});
