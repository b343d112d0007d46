import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNode } from '@weft/core/mesh/parse-node';
import type { ProxyNode } from '@weft/core/mesh/proxy-node';
import type { Snapshot } from '@weft/core/snapshot/snapshot';
import { gatewayListenerPort, LoopbackListeners } from './loopback-listeners.ts';

function snapshotOf(...ports: readonly number[]): Snapshot {
  return snapshotAt('0.0.0.0', ...ports);
}

function snapshotAt(address: string, ...ports: readonly number[]): Snapshot {
  const listeners = ports.map((port) => ({ name: `${address}_${port}`, address: { socketAddress: { address, portValue: port } } }));
  return { clusters: [], endpoints: [], listeners, routes: [], secrets: [] };
}

function nodeOf(type: 'router' | 'sidecar', ip: string): ProxyNode {
  const node = parseNode({ id: `${type}~${ip}~edge.ns~ns.svc.cluster.local` });
  assert.ok(node);
  return node;
}

const addresses = ({ listeners }: Snapshot) =>
  listeners.map(({ address }) => `${address?.socketAddress?.address}:${address?.socketAddress?.portValue}`);

test('listeners of a proxy on loopback are bound to its own address, those of others stay', () => {
  const listeners = new LoopbackListeners({ http: null, https: null });
  assert.deepEqual(addresses(listeners.apply(snapshotOf(8080, 9090), nodeOf('sidecar', '127.0.0.1'))), [
    '127.0.0.1:8080',
    '127.0.0.1:9090',
  ]);
  assert.deepEqual(addresses(listeners.apply(snapshotOf(8080), nodeOf('sidecar', '10.0.0.7'))), ['0.0.0.0:8080']);
});

test('a gateway on loopback listens on the ports that were asked for, whether a Service translates them or not', () => {
  const listeners = new LoopbackListeners({ http: 9000, https: 9443 });
  const gateway = nodeOf('router', '127.0.0.1');
  assert.deepEqual(addresses(listeners.apply(snapshotOf(8080, 8443, 15021), gateway)), [
    '127.0.0.1:9000',
    '127.0.0.1:9443',
    '127.0.0.1:15021',
  ]);
  assert.deepEqual(addresses(listeners.apply(snapshotAt('127.0.0.1', 8080, 15021), gateway)), ['127.0.0.1:9000', '127.0.0.1:15021']);
  assert.deepEqual(addresses(listeners.apply(snapshotOf(80, 8080), gateway)), ['127.0.0.1:9000', '127.0.0.1:8080']);
  assert.deepEqual(addresses(listeners.apply(snapshotOf(8080), nodeOf('sidecar', '127.0.0.1'))), ['127.0.0.1:8080']);
});

test('the same listener gives the same object', () => {
  const listeners = new LoopbackListeners({ http: 9000, https: null });
  const snapshot = snapshotOf(8080);
  const bind = () => listeners.apply(snapshot, nodeOf('router', '127.0.0.1')).listeners[0];
  assert.equal(bind(), bind());
});

test('the port of a gateway server is found by scheme', () => {
  assert.equal(gatewayListenerPort(snapshotOf(8080, 443).listeners, 'http'), 8080);
  assert.equal(gatewayListenerPort(snapshotOf(8080, 443).listeners, 'https'), 443);
  assert.equal(gatewayListenerPort(snapshotOf(9000).listeners, 'http'), null);
});
