import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { toJson } from '@bufbuild/protobuf';
import { type StreamAccessLogsMessageJson, StreamAccessLogsMessageSchema } from '@weft/envoy-api/envoy/service/accesslog/v3/als_pb';
import { ExportLogsServiceRequestSchema } from '@weft/envoy-api/opentelemetry/proto/collector/logs/v1/logs_service_pb';
import { registry } from '@weft/envoy-api/registry';
import { AuthorityForTest, type PairForTest } from '../src/identity/certificates-for-test.ts';
import { startProxy } from '../src/proxy.ts';
import type { Bootstrap } from '../src/xds/bootstrap.ts';
import { type Collector, startCollector } from './collector.ts';
import { findEnvoy, type Running, startEnvoy } from './envoy.ts';
import { freePorts } from './free-ports.ts';
import { filters } from './log-filters.ts';
import { type LogCertificates, type LogPorts, logBootstrap } from './log-setups.ts';
import { type Origin, startOrigin } from './origin.ts';

const envoy = findEnvoy();

interface Side {
  readonly ports: LogPorts;
  readonly origin: Origin;
  readonly collector: Collector;
  readonly proxy: Running;
}

interface LogCase {
  readonly listener: 'http' | 'mutual';
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The client goes away before it has an answer. */
  readonly leaves?: boolean;
}

const cases: readonly LogCase[] = [
  ...[
    '/a?a=1%202&b=3',
    '/vc/x',
    '/status/404',
    '/status/503',
    '/direct',
    '/dead',
    '/nocluster',
    '/nothing',
    '/slow/400',
    '/flaky/1/500',
    '/flaky/9/503',
  ].map((path): LogCase => ({ listener: 'http', path })),
  ...['/empty', '/limited', '/idle', '/duration', '/pertry', '/rewrite/x?a=b', '/chunked', '/half', '/close', '/reset', '/headers'].map(
    (path): LogCase => ({ listener: 'http', path }),
  ),
  { listener: 'http', path: '/a', method: 'POST', body: 'hello world', headers: { 'x-wanted': 'yes', 'user-agent': 'me "quoted" é' } },
  { listener: 'http', path: '/a', method: 'HEAD' },
  { listener: 'http', path: '/a', headers: { 'content-type': 'application/grpc', te: 'trailers' } },
  { listener: 'http', path: '/dead', headers: { 'content-type': 'application/grpc' } },
  { listener: 'http', path: '/a', headers: { 'x-forwarded-for': '9.9.9.9', 'x-request-id': '11111111-2222-9333-8444-555555555555' } },
  { listener: 'http', path: '/slow/400', leaves: true },
  { listener: 'mutual', path: '/a' },
  { listener: 'mutual', path: '/direct', headers: { 'x-wanted': 'yes' } },
];

describe('Weft logs what Envoy logs', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
  concurrency: 1,
}, () => {
  let ours: Side;
  let theirs: Side;
  let client: PairForTest;
  let root = '';

  before(async () => {
    process.env.WEFT_LOG_TEST = 'of-the-environment';
    const authority = await AuthorityForTest.create();
    const server = await authority.issue({ uris: ['spiffe://cluster.local/ns/shop/sa/server'], dns: ['server.test'] });
    client = await authority.issue({ uris: ['spiffe://cluster.local/ns/shop/sa/client', 'spiffe://other/second'], dns: ['client.test'] });
    root = authority.root;
    const certificates: LogCertificates = { key: server.key, chain: server.cert, root };
    ours = await startSide((ports) => startProxy({ bootstrap: logBootstrap(ports, certificates) as Bootstrap, drainTimeMs: 0 }));
    theirs = await startSide((ports) => startEnvoy(envoy ?? '', logBootstrap(ports, certificates), ports.admin));
  });

  after(async () => {
    for (const side of [ours, theirs]) {
      side?.collector.stop();
      side?.origin.stop();
      await side?.proxy.stop();
    }
  });

  for (const [index, each] of cases.entries()) {
    test(`${each.listener} ${each.method ?? 'GET'} ${each.path} ${JSON.stringify(each.headers ?? {})}${each.leaves === true ? ', abandoned' : ''}`, async () => {
      const id = `case-${index}`;
      const observed = await Promise.all(
        [ours, theirs].map(async (side) => {
          await send(side, each, id, client, root);
          return entriesOf(side, each, id);
        }),
      );
      assert.deepEqual(observed[0], observed[1]);
    });
  }

  for (const name of ['tcp', 'tcp-dead'] as const) {
    test(`${name}: a connection`, async () => {
      const observed = await Promise.all(
        [ours, theirs].map(async (side) => {
          await sendTcp(name === 'tcp' ? side.ports.tcp : side.ports.tcpDead);
          const text = await waitFor(() => blocks(side, name).at(-1));
          const json = await waitFor(() => lines(side, `${name}-json`).at(-1));
          return { text: comparableText(text, side), json: JSON.parse(json) as unknown };
        }),
      );
      assert.deepEqual(observed[0], observed[1]);
    });
  }

  test('tcp-denied: a connection that an RBAC filter turns away', async () => {
    const observed = await Promise.all(
      [ours, theirs].map(async (side) => {
        await sendTcp(side.ports.tcpDenied);
        const entry = comparableText(await waitFor(() => blocks(side, 'tcp-denied').at(-1)), side);
        // Envoy has begun to connect upstream, and has read what came; Weft does neither for a client that may not come in.
        return Object.fromEntries(Object.entries(entry).filter(([name]) => !/UPSTREAM|CLUSTER|COMMON_DURATION|BYTES_RECEIVED/.test(name)));
      }),
    );
    assert.deepEqual(observed[0], observed[1]);
    assert.equal(observed[0]?.CONNECTION_TERMINATION_DETAILS, 'rbac_access_denied_matched_policy[none]');
  });

  test('services are told the same', async () => {
    const count = cases.filter(({ listener }) => listener === 'http').length;
    const observed = await Promise.all(
      [ours, theirs].map((side) => waitFor(() => (servicesAreDone(side, count) ? serviceEntries(side) : undefined))),
    );
    assert.deepEqual(observed[0], observed[1]);
  });

  test('filters let the same entries pass', () => {
    for (const name of ['http', 'mutual']) {
      for (const file of Object.keys(filters)) {
        assert.deepEqual(lines(ours, `${name}-${file}`).sort(), lines(theirs, `${name}-${file}`).sort(), `${name}-${file}`);
      }
    }
  });
});

async function startSide(start: (ports: LogPorts) => Promise<Running>): Promise<Side> {
  const [origin, collector] = await Promise.all([startOrigin(), startCollector()]);
  const [admin = 0, dead = 0, http = 0, mutual = 0, tcp = 0, tcpDead = 0, tcpDenied = 0] = await freePorts(7);
  const directory = mkdtempSync(join(tmpdir(), 'weft-logs-'));
  const collectors = { collectorGrpc: collector.grpcPort, collectorHttp: collector.httpPort };
  const ports: LogPorts = { admin, dead, http, mutual, tcp, tcpDead, tcpDenied, origin: origin.port, directory, ...collectors };
  return { ports, origin, collector, proxy: await start(ports) };
}

async function send(side: Side, each: LogCase, id: string, client: PairForTest, root: string): Promise<void> {
  const headers = { host: 'shop.test', 'x-case': id, ...each.headers };
  const options = { host: '127.0.0.1', path: each.path, method: each.method ?? 'GET', headers, agent: false } as const;
  const call =
    each.listener === 'http'
      ? httpRequest({ ...options, port: side.ports.http })
      : httpsRequest({ ...options, port: side.ports.mutual, key: client.key, cert: client.cert, ca: root, servername: 'server.test' });
  await new Promise<void>((resolve) => {
    call.on('response', (response) => {
      response.resume();
      response.on('close', resolve);
    });
    call.on('error', () => resolve());
    // The host has the request by then, and needs much longer to answer it.
    if (each.leaves === true) call.on('finish', () => setTimeout(() => call.destroy(), 30));
    call.end(each.body);
  });
}

async function sendTcp(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET /a HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n');
  socket.resume();
  // A reset is an end too.
  await new Promise((resolve) => socket.once('close', resolve));
}

async function entriesOf(side: Side, each: LogCase, id: string) {
  const text = await waitFor(() => blocks(side, each.listener).find((block) => block.includes(`REQ(X-CASE)\t${id}\n`)));
  const find = (file: string) => waitFor(() => lines(side, `${each.listener}-${file}`).find((line) => line.includes(`"${id}"`)));
  const [json, omitted] = await Promise.all([find('json'), find('json-omit')]);
  return { text: comparableText(text, side), json, omitted };
}

function lines(side: Side, file: string): string[] {
  try {
    return readFileSync(join(side.ports.directory, file), 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

function blocks(side: Side, name: string): string[] {
  try {
    const parts = readFileSync(join(side.ports.directory, `${name}-text`), 'utf8').split('\n\n');
    return parts.slice(0, -1).map((part) => `${part}\n`);
  } catch {
    return [];
  }
}

async function waitFor<T>(read: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const found = read();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('nothing was logged');
}

/** Operators whose numbers differ from run to run. */
const volatile =
  /^(START_TIME|EMIT_TIME|.*DURATION|.*CONNECTION_ID|.*CONNECTION_IDS_ATTEMPTED|UNIQUE_ID|STREAM_ID|DOWNSTREAM_(DIRECT_)?REMOTE_(PORT|ADDRESS)$|UPSTREAM_LOCAL_(PORT|ADDRESS)$|DOWNSTREAM_TLS_SESSION_ID|DOWNSTREAM_(WIRE|HEADER)_BYTES_SENT|UPSTREAM_(WIRE|HEADER)_BYTES_(SENT|RECEIVED)|RESPONSE_HEADERS_BYTES|ROUNDTRIP)/;

function comparableText(block: string, { ports }: Side): Record<string, string> {
  const entries = block
    .split('\n')
    .filter(Boolean)
    .map((line): [string, string] => {
      const [operator = '', value = ''] = line.split('\t');
      let plain = value;
      for (const [name, port] of Object.entries(ports))
        plain = plain.replaceAll(`:${port}`, `:${name}`).replace(new RegExp(`^${port}$`), name);
      return [
        operator,
        volatile.test(operator)
          ? plain
              .replace(/^-(?=[0-9])/, '')
              .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}/g, 'ID')
              .replace(/[0-9]+/g, 'N')
          : plain,
      ];
    });
  return Object.fromEntries(entries);
}

function servicesAreDone({ collector }: Side, http: number): boolean {
  const entries = collector.accessLogs.reduce((sum, { logEntries }) => sum + (logEntries.value?.logEntry.length ?? 0), 0);
  const records = collector.logs.flatMap(({ resourceLogs }) =>
    resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap((scope) => scope.logRecords)),
  );
  return entries >= http + 1 && records.length >= http + 1;
}

const timeFields =
  /^(startTime|timeTo.*|duration|timeUnixNano|observedTimeUnixNano|portValue|streamId|requestId|.*HeadersBytes|.*HeaderBytes.*|.*WireBytes.*|uniqueId|version|userAgentBuildVersion|extensions|userAgentName|downstreamWireBytes.*|intermediateLogEntry)$/;

function serviceEntries({ collector }: Side): object {
  const stable = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(stable);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([field]) => !timeFields.test(field))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([field, inner]) => [field, stable(inner)]),
    );
  };
  const accessLogs = collector.accessLogs.map(
    (message) => toJson(StreamAccessLogsMessageSchema, message, { registry }) as StreamAccessLogsMessageJson,
  );
  const http = accessLogs.flatMap(({ httpLogs }) => httpLogs?.logEntry ?? []).map(stable);
  const tcp = accessLogs.flatMap(({ tcpLogs }) => tcpLogs?.logEntry ?? []).map(stable);
  const names = accessLogs.flatMap(({ identifier }) => identifier?.logName ?? []).sort();
  const logs = collector.logs.flatMap((message) => toJson(ExportLogsServiceRequestSchema, message).resourceLogs ?? []);
  const records = logs.flatMap(({ resource, scopeLogs = [] }) =>
    scopeLogs.flatMap((scope) => (scope.logRecords ?? []).map((record) => ({ resource, record }))),
  );
  return { http, tcp, names, records: records.map(stable) };
}
