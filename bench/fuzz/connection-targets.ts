import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startHop } from '../../packages/proxy/conformance/hop.ts';
import type { Target } from './campaign.ts';
import { frameWords } from './http2-targets.ts';
import { makesNoMistake, throwAt, type WholeProxyTargets } from './whole-proxy.ts';
import { wordsOf } from './words.ts';

const type = (name: string): string => `type.googleapis.com/${name}`;

/** A filter that looks at what it is given. */
const denies = {
  name: 'envoy.filters.http.rbac',
  typedConfig: {
    '@type': type('envoy.extensions.filters.http.rbac.v3.RBAC'),
    rules: {
      action: 'DENY',
      policies: {
        denied: {
          permissions: [{ urlPath: { path: { prefix: '/denied' } } }, { header: { name: 'x-a', stringMatch: { exact: 'b' } } }],
          principals: [{ any: true }],
        },
      },
    },
  },
};

/** Whole connections of a proxy in this process, HTTP/1.1 and HTTP/2: no bytes may bring it to a mistake of its own. */
export async function connectionTargets(): Promise<WholeProxyTargets> {
  const origin = createServer((request, response) => {
    request.resume();
    response.setHeader('x-origin', 'yes');
    response.end('ok');
  }).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const hop = await startHop((origin.address() as AddressInfo).port, {
    manager: { normalizePath: true, mergeSlashes: true },
    filters: [denies],
  });
  const run = (input: Buffer): Promise<void> => makesNoMistake(() => throwAt(hop.port, input));
  const http = 'packages/proxy/src/http';
  const targets: readonly Target[] = [
    {
      name: 'a connection of HTTP/1.1',
      files: [`${http}/h1-server.ts`, `${http}/connection-manager.ts`, `${http}/exchange.ts`],
      samples: wordsOf(
        'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /denied HTTP/1.1\r\nHost: a\r\n\r\n',
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\n',
      ),
      words: wordsOf(
        '\r\n',
        '\r\n\r\n',
        'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
        'Content-Length: 3\r\n',
        'Connection: close\r\n',
        'Upgrade: websocket\r\nConnection: upgrade\r\n',
        'Expect: 100-continue\r\n',
        'CONNECT a:1 HTTP/1.1\r\n\r\n',
        'x-envoy-upstream-rq-timeout-ms: 1\r\n',
        'x-envoy-retry-on: 5xx\r\n',
        'PRI * HTTP/2.0',
      ),
      batch: 32,
      run,
    },
    {
      name: 'a connection of HTTP/2',
      files: [`${http}/h2-connection.ts`, `${http}/h2-server.ts`, `${http}/h2-stream.ts`, `${http}/h2-sender.ts`, `${http}/h2-settings.ts`],
      samples: [Buffer.concat(frameWords.slice(0, 6)), Buffer.concat(frameWords)],
      words: frameWords,
      batch: 32,
      run,
    },
  ];
  return {
    targets,
    stop: async () => {
      await hop.proxy.stop();
      origin.close();
    },
  };
}
