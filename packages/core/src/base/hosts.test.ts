import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareHosts, hostMatches, hostSubsetOf, overlappingHosts, resolveHost } from './hosts.ts';

test('two hosts match when some name belongs to both, in either order', () => {
  const rows: [string, string, boolean][] = [
    ['a.com', 'a.com', true],
    ['A.com', 'a.COM', true],
    ['*.com', 'a.com', true],
    ['*.com', '*.a.com', true],
    ['*', 'a.com', true],
    ['*.foo.com', 'foo.com', false],
    ['*.foo.com', '*.bar.com', false],
    ['*.example.com', 'a.b.example.com', true],
  ];
  for (const [a, b, expected] of rows) {
    assert.equal(hostMatches(a, b), expected, `${a} and ${b}`);
    assert.equal(hostMatches(b, a), expected, `${b} and ${a}`);
  }
});

test('a subset lies wholly within the other host', () => {
  assert.ok(hostSubsetOf('a.com', '*.com'));
  assert.ok(hostSubsetOf('*.a.com', '*.com'));
  assert.ok(!hostSubsetOf('*.com', 'a.com'));
  assert.ok(!hostSubsetOf('*.com', '*.a.com'));
  assert.ok(hostSubsetOf('*', '*'));
});

test('hosts that are subsets of each other are equal but for case, and a subset always matches', () => {
  const host = fc.stringMatching(/^(\*\.)?[a-z]{1,3}(\.[a-z]{1,2}){0,2}$/);
  fc.assert(
    fc.property(host, host, (a, b) => {
      if (hostSubsetOf(a, b)) assert.ok(hostMatches(a, b));
      if (hostSubsetOf(a, b) && hostSubsetOf(b, a)) assert.equal(a, b);
    }),
  );
});

test('names come before wildcards, longer before shorter, then by alphabet', () => {
  const sorted = ['*', '*.com', 'b.com', 'a.com', '*.a.com', 'long.a.com'].sort(compareHosts);
  assert.deepEqual(sorted, ['long.a.com', 'a.com', 'b.com', '*.a.com', '*.com', '*']);
});

test('only a name without a dot is a service of the resource namespace', () => {
  assert.equal(resolveHost('reviews', 'prod', 'cluster.local'), 'reviews.prod.svc.cluster.local');
  assert.equal(resolveHost('reviews.prod', 'x', 'cluster.local'), 'reviews.prod');
  assert.equal(resolveHost('*', 'x', 'cluster.local'), '*');
  assert.equal(resolveHost('::1', 'x', 'cluster.local'), '::1');
});

test('the overlapping hosts of a list are those that match another one of it', () => {
  const host = fc.stringMatching(/^(\*\.?)?[aA](\.[aB]{1,2}){0,2}$/);
  fc.assert(
    fc.property(fc.array(host, { maxLength: 8 }), (hosts) => {
      const found = overlappingHosts(hosts);
      for (const [later, earlier] of found) {
        assert.ok(earlier < later, `${hosts} gives ${earlier} and ${later}`);
        assert.ok(hostMatches(hosts[later] ?? '', hosts[earlier] ?? ''), `${hosts} gives ${earlier} and ${later}`);
      }
      const overlaps = hosts.some((a, at) => hosts.slice(at + 1).some((b) => hostMatches(a, b)));
      assert.equal(found.length > 0, overlaps, `${hosts}`);
    }),
  );
});
