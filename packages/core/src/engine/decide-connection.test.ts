import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterChainMatchJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import { buildListener } from '../plan/build-listener.ts';
import type { ConnectionFacts } from '../plan/facts.ts';
import { decideConnection } from './decide-connection.ts';
import { connectionOf, ip } from './facts-for-test.ts';

type Chains = Readonly<Record<string, FilterChainMatchJson>>;

function chosen(chains: Chains, facts: Partial<ConnectionFacts>, defaultChain = false): string {
  const listener = buildListener({
    name: 'l',
    filterChains: Object.entries(chains).map(([name, filterChainMatch]) => ({ name, filterChainMatch })),
    ...(defaultChain ? { defaultFilterChain: { name: 'default' } } : {}),
  });
  const decision = decideConnection(listener, connectionOf(facts), null);
  return decision.kind === 'chain' ? decision.chain.name : 'none';
}

test('a chain for the port shuts out chains without a port, even if it then fails another criterion', () => {
  const chains: Chains = { port: { destinationPort: 80, serverNames: ['a.com'] }, any: {} };
  assert.equal(chosen(chains, { destinationPort: 80, serverName: 'a.com' }), 'port');
  assert.equal(chosen(chains, { destinationPort: 81 }), 'any');
  assert.equal(chosen(chains, { destinationPort: 80 }), 'none');
  assert.equal(chosen(chains, { destinationPort: 80 }, true), 'default');
});

test('the longest matching network wins, and it alone is looked into', () => {
  const chains: Chains = {
    wide: { prefixRanges: [{ addressPrefix: '10.0.0.0', prefixLen: 8 }] },
    narrow: { prefixRanges: [{ addressPrefix: '10.1.0.0', prefixLen: 16 }], transportProtocol: 'tls' },
    all: {},
  };
  assert.equal(chosen(chains, { destination: ip('10.2.0.1') }), 'wide');
  assert.equal(chosen(chains, { destination: ip('10.1.0.1'), transportProtocol: 'tls' }), 'narrow');
  assert.equal(chosen(chains, { destination: ip('10.1.0.1') }), 'none');
  assert.equal(chosen(chains, { destination: ip('fd00::1') }), 'all');
});

test('server names match exactly, then by the longest suffix, then not at all', () => {
  const chains: Chains = {
    exact: { serverNames: ['www.example.com'] },
    near: { serverNames: ['*.example.com'] },
    far: { serverNames: ['*.com'] },
    none: {},
  };
  assert.equal(chosen(chains, { serverName: 'www.example.com' }), 'exact');
  assert.equal(chosen(chains, { serverName: 'api.example.com' }), 'near');
  assert.equal(chosen(chains, { serverName: 'a.b.example.com' }), 'near');
  assert.equal(chosen(chains, { serverName: 'example.com' }), 'far');
  assert.equal(chosen(chains, { serverName: 'example.org' }), 'none');
});

test('the first offered protocol with a chain decides', () => {
  const chains: Chains = { h2: { applicationProtocols: ['h2'] }, http: { applicationProtocols: ['http/1.1'] }, rest: {} };
  assert.equal(chosen(chains, { applicationProtocols: ['http/1.1', 'h2'] }), 'http');
  assert.equal(chosen(chains, { applicationProtocols: ['spdy'] }), 'rest');
});

test('source type local means loopback or the destination itself', () => {
  const chains: Chains = { local: { sourceType: 'SAME_IP_OR_LOOPBACK' }, external: { sourceType: 'EXTERNAL' } };
  assert.equal(chosen(chains, { source: ip('127.0.0.1') }), 'local');
  assert.equal(chosen(chains, { source: ip('10.0.0.2'), destination: ip('10.0.0.2') }), 'local');
  assert.equal(chosen(chains, { source: ip('10.0.0.9') }), 'external');
});

test('source networks and ports narrow a chain', () => {
  const chains: Chains = { known: { sourcePrefixRanges: [{ addressPrefix: '10.0.0.0', prefixLen: 24 }], sourcePorts: [4000] }, rest: {} };
  assert.equal(chosen(chains, { source: ip('10.0.0.7'), sourcePort: 4000 }), 'known');
  assert.equal(chosen(chains, { source: ip('10.0.0.7'), sourcePort: 4001 }), 'none');
  assert.equal(chosen(chains, { source: ip('10.9.0.7') }), 'rest');
});

test('two chains with the same conditions are a problem of the listener', () => {
  const listener = buildListener({ filterChains: [{ name: 'a' }, { name: 'b' }] });
  assert.deepEqual(listener.problems, ["filter chains 'a' and 'b' have the same matching rules"]);
});
