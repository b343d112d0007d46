import { test } from 'node:test';
import { checkRows } from './test-rows.ts';

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
