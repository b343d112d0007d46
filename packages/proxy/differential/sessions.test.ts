import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findEnvoy } from './envoy.ts';
import { type Pair, startPair } from './pair.ts';
import { type NumberedOrigin, startOrigins } from './upstream/origins.ts';
import { askAnew } from './workers/fresh.ts';

const envoy = findEnvoy();
const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`;
const filterName = 'envoy.filters.http.stateful_session';

const cookie = (config: object) => ({
  sessionState: {
    name: 'envoy.http.stateful_session.cookie',
    typedConfig: { '@type': type('http.stateful_session.cookie.v3.CookieBasedSessionState'), cookie: config },
  },
});
const header = {
  sessionState: {
    name: 'envoy.http.stateful_session.header',
    typedConfig: { '@type': type('http.stateful_session.header.v3.HeaderBasedSessionState'), name: 'x-session' },
  },
};
const route = (path: string, override: object, cluster = 'hosts') => ({
  match: { prefix: path },
  route: { cluster },
  typedPerFilterConfig: { [filterName]: { '@type': type('filters.http.stateful_session.v3.StatefulSessionPerRoute'), ...override } },
});

function listener(port: number): object {
  const manager = {
    '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    statPrefix: 'in',
    routeConfig: {
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            route('/header', { statefulSession: header }),
            route('/strict', { statefulSession: { ...header, strict: true } }),
            route('/draining', { statefulSession: { ...header, strict: true } }, 'health'),
            route('/admitted', { statefulSession: { ...header, strict: true } }, 'admitted'),
            route('/off', { disabled: true }),
            route('/ttl', { statefulSession: cookie({ name: 's', path: '/ttl', ttl: '100s' }) }),
            route('/slash', { statefulSession: cookie({ name: 's', path: '/slash/' }) }),
            { match: { prefix: '/' }, route: { cluster: 'hosts' } },
          ],
        },
      ],
    },
    httpFilters: [
      { name: filterName, typedConfig: { '@type': type('filters.http.stateful_session.v3.StatefulSession'), ...cookie({ name: 's' }) } },
      { name: 'router', typedConfig: { '@type': type('filters.http.router.v3.Router') } },
    ],
  };
  return {
    name: 'in',
    address: { socketAddress: { address: '127.0.0.1', portValue: port } },
    filterChains: [{ filters: [{ name: 'http', typedConfig: manager }] }],
  };
}

describe('Weft and Envoy keep sessions at the same hosts', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
}, () => {
  let origins: readonly NumberedOrigin[] = [];
  let pair: Pair;

  before(async () => {
    origins = await startOrigins(3);
    const endpoint = ({ port }: NumberedOrigin, healthStatus: string) => ({
      healthStatus,
      endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: port } } },
    });
    const cluster = (name: string, health: readonly string[], commonLbConfig: object = {}) => ({
      name,
      type: 'STATIC',
      commonLbConfig,
      loadAssignment: {
        clusterName: name,
        endpoints: [{ lbEndpoints: origins.map((origin, index) => endpoint(origin, health[index] ?? 'UNKNOWN')) }],
      },
    });
    const mixed = ['HEALTHY', 'DRAINING', 'DEGRADED'];
    pair = await startPair(envoy ?? '', 1, ([port = 0]) => [listener(port)], [
      cluster('hosts', []),
      cluster('health', mixed),
      cluster('admitted', mixed, { overrideHostStatus: { statuses: ['DRAINING'] } }),
    ]);
  });

  after(async () => {
    for (const origin of origins) origin.stop();
    await pair?.stop();
  });

  const addressOf = (index: number): string => `127.0.0.1:${origins[index]?.port ?? 1}`;
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const isOf = (told: Buffer, body: string): string =>
    told.includes(addressOf(Number(body))) ? `the host that answered, in ${told.length} bytes` : told.toString('hex');

  /** What a client gets; which host it is told without the address, where it is free to be any. */
  async function observe(port: number, path: string, headers: Readonly<Record<string, string>>, isNamed: boolean): Promise<unknown> {
    const { status, body, headers: got } = await askAnew(port, path, headers);
    const [, value = '', attributes = ''] = /^s="([^"]*)"(.*)$/.exec(got['set-cookie']?.[0] ?? '') ?? [];
    const told = got['x-session'];
    return {
      status,
      body: isNamed ? body : body.length,
      cookie: isOf(Buffer.from(value, 'base64'), body),
      attributes,
      header: isOf(Buffer.from(typeof told === 'string' ? told : '', 'base64'), body),
    };
  }

  async function same(path: string, headers: Readonly<Record<string, string>> = {}, isNamed = false): Promise<void> {
    const [weft, reference] = await Promise.all([pair.weft, pair.envoy].map(([port = 0]) => observe(port, path, headers, isNamed)));
    assert.deepEqual(weft, reference);
  }

  for (const path of ['/', '/header', '/strict', '/off', '/ttl', '/ttl/more', '/ttl?more', '/ttlmore', '/slash', '/slash/more'])
    test(`${path}: a client without a session is told its host`, () => same(path));

  for (const index of [0, 1, 2]) {
    for (const path of ['/header', '/strict', '/draining', '/admitted'])
      test(`${path}: a header names host ${index}`, () =>
        same(path, { 'x-session': base64(addressOf(index)) }, path !== '/draining' || index !== 1));
    test(`a cookie names host ${index}`, () => same('/', { cookie: `a=b; s="${base64(`\n\x0f${addressOf(index)}`)}"` }, true));
    test(`a cookie of old names host ${index}`, () => same('/', { cookie: `s=${base64(addressOf(index))}` }, true));
  }

  const address = () => addressOf(1);
  const cookies: Readonly<Record<string, () => string>> = {
    'is over': () => base64(`\n\x0f${address()}\x10\x01`),
    'is no base64': () => '%%%',
    'is empty': () => '',
    'names nobody': () => base64('\n\x0b127.0.0.1:1'),
    'names no address': () => base64('\x10\x01'),
  };
  for (const [name, value] of Object.entries(cookies))
    test(`a cookie that ${name} is given anew`, () => same('/', { cookie: `s=${value()}` }));

  for (const path of ['/header', '/strict'])
    for (const value of ['garbage!', base64('127.0.0.1:1'), ''])
      test(`${path}: a header of ${value || 'nothing'}`, () => same(path, { 'x-session': value }));
});
