import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findings, findingsOf, istioYaml } from '../test-findings.ts';

const unreachable = (rules: string, field = 'http') => {
  const yaml = istioYaml('VirtualService', 'v', `{hosts: [a.com], ${field}: [${rules}]}`);
  const relevant = (all: readonly string[]) =>
    all.filter((finding) => /^IST013[01]/.test(finding)).map((finding) => finding.replace(' VirtualService default/v', ''));
  return { exact: relevant(findingsOf('schema.ValidationAnalyzer.VirtualService', yaml)), own: relevant(findings(yaml)) };
};
const rule = (match: string) => `{${match === '' ? '' : `match: [${match}], `}redirect: {uri: /x}}`;

test('a rule after one that takes everything is never used', () => {
  const both = ['IST0130 spec.http[1]'];
  assert.deepEqual(unreachable([rule(''), rule('')].join()), { exact: both, own: both });
  assert.deepEqual(unreachable([rule(''), rule('{uri: {exact: /a}}')].join()), { exact: both, own: both });
  assert.deepEqual(unreachable([rule('{uri: {exact: /a}}'), rule('')].join()), { exact: [], own: [] });
});

test('a match that is written twice counts once, whatever it is called', () => {
  const twice = [
    rule('{name: one, uri: {exact: /a}}, {uri: {exact: /b}}'),
    rule('{name: two, uri: {exact: /a}}, {uri: {exact: /c}}'),
  ].join();
  assert.deepEqual(unreachable(twice).exact, ['IST0131 spec.http[1].match[0]']);
  assert.deepEqual(unreachable(twice).own, ['IST0131 spec.http[1].match[0]']);
});

test('a rule of which all matches are taken is never used', () => {
  const both = ['IST0130 spec.http[1]', 'IST0131 spec.http[1].match[0]'];
  assert.deepEqual(unreachable([rule('{uri: {exact: /a}}'), rule('{uri: {exact: /a}}')].join()), { exact: both, own: both });
});

test('a prefix takes longer prefixes and paths below it', () => {
  const prefix = [rule('{uri: {prefix: /api}}'), rule('{uri: {prefix: /api/v2}}')].join();
  assert.deepEqual(unreachable(prefix).exact, ['IST0131 spec.http[1].match[0]']);
  assert.deepEqual(unreachable(prefix).own, ['IST0130 spec.http[1]', 'IST0131 spec.http[1].match[0]']);
  const path = [rule('{uri: {prefix: /api}}'), rule('{uri: {exact: /api/v2}}')].join();
  assert.deepEqual(unreachable(path).exact, []);
  assert.deepEqual(unreachable(path).own, ['IST0130 spec.http[1]', 'IST0131 spec.http[1].match[0]']);
});

test('Istio overlooks conditions that make an earlier match the narrower one', () => {
  const narrower = [
    '{uri: {prefix: /api}, method: {exact: GET}}',
    '{uri: {prefix: /api}, sourceLabels: {app: a}}',
    '{uri: {prefix: /api}, gateways: [g]}',
    '{uri: {prefix: /api}, authority: {exact: a.com}}',
  ];
  for (const match of narrower) {
    const rules = unreachable([rule(match), rule('{uri: {prefix: /api/v2}}')].join());
    assert.equal(rules.exact.length, 1, match);
    assert.deepEqual(rules.own, [], match);
  }
});

test('a rule that hands over to another VirtualService may leave requests to the rules after it', () => {
  assert.deepEqual(unreachable(['{match: [{uri: {prefix: /}}], delegate: {name: d}}', rule('{uri: {prefix: /a}}')].join()).own, []);
});

test('tcp and tls rules are judged alike', () => {
  const tls = (sni: string) => `{match: [{port: 443, sniHosts: [${sni}]}], route: [{destination: {host: a.com}}]}`;
  const both = ['IST0130 spec.tls[1]', 'IST0131 spec.tls[1].match[0]'];
  assert.deepEqual(unreachable([tls('a.com'), tls('a.com')].join(), 'tls'), { exact: both, own: both });
  assert.deepEqual(unreachable([tls('a.com'), tls('b.a.com')].join(), 'tls').exact, []);
});
