import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { AuthorityForTest } from '../src/identity/certificates-for-test.ts';
import { startProxy } from '../src/proxy.ts';
import { ControlPlaneForTest } from '../src/xds/control-plane-for-test.ts';
import { adsBootstrap, edsCluster, endpointsOf, listenerFor, routesTo } from '../src/xds/resources-for-test.ts';
import { grown, heapCensus } from './heap-census-for-test.ts';
import { OriginForTest } from './origin-for-test.ts';

const stops: (() => unknown)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

const tlsType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const secretOf = (name: string): object => ({ name, sdsConfig: { ads: {} } });
const inline = (text: string): object => ({ inlineString: text });

test('nothing is kept of listeners, routes, clusters, endpoints, secrets, connections and requests that are gone', async () => {
  const authority = await AuthorityForTest.create();
  const pairs = [await authority.issue({ dns: ['a.test'] }), await authority.issue({ dns: ['b.test'] })];
  const origin = await OriginForTest.start({ pair: await authority.issue({ dns: ['origin.test'] }), root: authority.root });
  const control = await ControlPlaneForTest.start();
  stops.push(
    () => control.stop(),
    () => origin.kill(),
  );
  const proxy = await startProxy({ bootstrap: adsBootstrap([control.port]), drainTimeMs: 0, listenerDrainMs: 0 });
  stops.push(() => proxy.stop());

  /** Replaces everything by the same under new names, with other certificates, and sends a request through it. */
  const renew = async (round: number): Promise<void> => {
    const [listener, routes, cluster, server, root] = [
      `in-${round}`,
      `routes-${round}`,
      `origin-${round}`,
      `server-${round}`,
      `root-${round}`,
    ] as const;
    const { cert, key } = pairs[round % 2] ?? assert.fail();
    control.set('secrets', [
      { name: server, tlsCertificate: { certificateChain: inline(cert), privateKey: inline(key) } },
      { name: root, validationContext: { trustedCa: inline(authority.root) } },
    ]);
    const tls = (type: string, common: object): object => ({
      transportSocket: { name: 'tls', typedConfig: { '@type': `${tlsType}.${type}`, commonTlsContext: common } },
    });
    const upstreamTls = tls('UpstreamTlsContext', {
      tlsCertificateSdsSecretConfigs: [secretOf(server)],
      validationContextSdsSecretConfig: secretOf(root),
    });
    const downstreamTls = tls('DownstreamTlsContext', { tlsCertificateSdsSecretConfigs: [secretOf(server)] });
    control.set('endpoints', [endpointsOf(cluster, [origin.port])]);
    control.set('clusters', [edsCluster(cluster, upstreamTls)]);
    control.set('routes', [routesTo(routes, cluster)]);
    const host = `127.0.1.${round + 1}`;
    const address = { socketAddress: { address: host, portValue: 0 } };
    control.set('listeners', [
      { ...listenerFor(listener, routes, downstreamTls), address },
      withLimit(listenerFor('kept', routes, downstreamTls), `limit-${round}`),
    ]);
    await control.seen(({ kind, names }) => kind === 'routes' && names.includes(routes));
    while (!proxy.listenerPorts().has(listener)) await new Promise((resolve) => setImmediate(resolve));
    for (const [name, at] of [[listener, host] as const, ['kept', '127.0.0.1'] as const]) {
      const target = { host: at, port: proxy.listenerPorts().get(name) ?? 0, ca: authority.root };
      assert.equal(await statusOf(target), 200);
    }
    control.requests.length = 0;
  };

  const [warm, rounds] = [12, 20];
  for (let round = 0; round < warm; round++) await renew(round);
  const seriesBefore = proxy.stats().length;
  const before = await heapCensus();
  for (let round = warm; round < warm + rounds; round++) await renew(round);
  assert.equal(proxy.stats().length, seriesBefore);
  // What the last round closed may take its time to go on a busy machine; what is kept stays.
  let kept = grown(before, await heapCensus(), rounds * 0.6);
  for (let tries = 0; kept.length > 0 && tries < 10; tries++) {
    await setTimeout(300);
    kept = grown(before, await heapCensus(), rounds * 0.6);
  }
  assert.deepEqual(kept, []);
});

/** The listener with a limit of connections before the other filters of its chain: what is new with each limit is the chain alone. */
function withLimit(listener: ReturnType<typeof listenerFor>, statPrefix: string): object {
  const {
    filterChains: [chain],
  } = listener as { filterChains: [{ filters: object[] }] };
  const tokenBucket = { maxTokens: 100, fillInterval: '1s' };
  const typedConfig = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit',
    statPrefix,
    tokenBucket,
  };
  return { ...listener, filterChains: [{ ...chain, filters: [{ name: 'limit', typedConfig }, ...chain.filters] }] };
}

/** Status of one request on a connection of its own. */
function statusOf(target: { host: string; port: number; ca: string }): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { ...target, agent: false, checkServerIdentity: () => undefined };
    const sent = request(options, (response) => {
      response.resume();
      response.on('end', () => sent.destroy());
      response.on('close', () => resolve(response.statusCode));
    });
    sent.on('error', reject);
    sent.end();
  });
}
