import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, test } from 'node:test';
import { AuthorityForTest, type PairForTest } from '../../src/identity/certificates-for-test.ts';
import { findEnvoy } from '../envoy.ts';
import { type Pair, startPair, tellingListener } from '../pair.ts';

const envoy = findEnvoy();
const skip = envoy === null && 'no Envoy at hand';
const authority = await AuthorityForTest.create('mesh');
const own = await authority.issue({ uris: ['spiffe://mesh/ns/a/sa/server'], dns: ['a.test'] });
const friend = await authority.issue({ uris: ['spiffe://mesh/ns/a/sa/b', 'spiffe://mesh/second'], dns: ['b.test', 'c.test'] });
const nameless = await authority.issue({ dns: ['d.test'] });
const earlier = 'By=spiffe://mesh/x;Hash=00;URI=spiffe://mesh/y';

const modes = ['SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY'];
const details = ['subject', 'cert', 'chain', 'dns', 'uri'];
const everything = Object.fromEntries(details.map((name) => [name, true]));
/** Options of the connection manager, one listener each. */
const managers: readonly object[] = [
  ...modes.map((forwardClientCertDetails) => ({ forwardClientCertDetails })),
  ...details.map((name) => ({ forwardClientCertDetails: 'SANITIZE_SET', setCurrentClientCertDetails: { [name]: true } })),
  { forwardClientCertDetails: 'APPEND_FORWARD', setCurrentClientCertDetails: everything },
];

/** The header as the application would see it, behind a connection with or without a certificate; `-` for none. */
function seen(port: number, pair: PairForTest | null, header: string | null): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = header === null ? {} : { 'x-forwarded-client-cert': header };
    const asked = request({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false, headers, ...pair }, (response) => {
      response.resume();
      resolve(String(response.headers['x-seen']));
    });
    asked.on('error', reject);
    asked.end();
  });
}

let both: Pair;

before(async () => {
  if (envoy === null) return;
  const inline = (text: string): object => ({ inlineString: text });
  const typedConfig = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    commonTlsContext: {
      tlsCertificates: [{ certificateChain: inline(own.cert), privateKey: inline(own.key) }],
      validationContext: { trustedCa: inline(authority.root) },
    },
  };
  const chain = { transportSocket: { name: 'tls', typedConfig } };
  const tells = { 'x-seen': '%REQ(x-forwarded-client-cert)%' };
  both = await startPair(envoy, managers.length, (ports) =>
    managers.map((manager, i) => tellingListener(ports[i] ?? 0, { chain, manager, tells })),
  );
});

after(() => both?.stop());

for (const [index, manager] of managers.entries()) {
  test(`both tell of the client's certificate alike: ${JSON.stringify(manager)}`, { skip }, async () => {
    for (const pair of [null, friend, nameless]) {
      for (const header of [null, earlier]) {
        const expected = await seen(both.envoy[index] ?? 0, pair, header);
        assert.equal(await seen(both.weft[index] ?? 0, pair, header), expected);
      }
    }
  });
}
