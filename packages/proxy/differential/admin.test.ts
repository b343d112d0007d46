import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { AuthorityForTest, type PairForTest } from '../src/identity/certificates-for-test.ts';
import { startProxy } from '../src/proxy.ts';
import type { Bootstrap } from '../src/xds/bootstrap.ts';
import { findEnvoy, type Running, startEnvoy } from './envoy.ts';
import { freePorts } from './free-ports.ts';
import { type Origin, startOrigin } from './origin.ts';

const envoy = findEnvoy();

interface Side {
  readonly ports: AdminPorts;
  readonly origin: Origin;
  readonly proxy: Running;
}

interface AdminPorts {
  readonly admin: number;
  readonly http: number;
  readonly tcp: number;
  readonly dead: number;
  readonly origin: number;
  readonly tls: number;
  /** Of a TLS listener that turns away whoever comes. */
  readonly refusing: number;
}

/** Keys and certificates in PEM. */
interface Certificates extends PairForTest {
  readonly root: string;
}

const type = (name: string) => `type.googleapis.com/${name}`;

/** A transport socket; `side` is `Downstream` or `Upstream`. */
function tlsSocket(side: string, { key, cert, root }: Certificates, { ownsCertificate = true, san = '' } = {}): object {
  const names = san === '' ? {} : { match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: san } }] };
  return {
    name: 'tls',
    typed_config: {
      '@type': type(`envoy.extensions.transport_sockets.tls.v3.${side}TlsContext`),
      ...(side === 'Downstream' && { require_client_certificate: true }),
      common_tls_context: {
        ...(ownsCertificate && { tls_certificates: [{ certificate_chain: { inline_string: cert }, private_key: { inline_string: key } }] }),
        validation_context: { trusted_ca: { inline_string: root }, ...names },
      },
    },
  };
}

function bootstrapFor(ports: AdminPorts, certificates: Certificates): object {
  const cluster = (name: string, port: number, more: object = {}) => ({
    ...more,
    name,
    connect_timeout: '1s',
    type: 'STATIC',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] }],
    },
  });
  const listener = (name: string, port: number, filter: object, chain: object = {}) => ({
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [filter], ...chain }],
  });
  const http = {
    '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'ingress',
    route_config: {
      name: 'routes',
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            { match: { prefix: '/direct' }, direct_response: { status: 200, body: { inline_string: 'hi' } } },
            { match: { prefix: '/redirect' }, redirect: { path_redirect: '/x' } },
            { match: { prefix: '/mutual' }, route: { cluster: 'mutual', prefix_rewrite: '/direct' } },
            { match: { prefix: '/misnamed' }, route: { cluster: 'misnamed' } },
            { match: { prefix: '/bare' }, route: { cluster: 'bare' } },
            { match: { prefix: '/plain' }, route: { cluster: 'plain' } },
            { match: { prefix: '/dead' }, route: { cluster: 'dead' } },
            { match: { prefix: '/slow' }, route: { cluster: 'origin', timeout: '0.1s' } },
            { match: { prefix: '/flaky' }, route: { cluster: 'origin', retry_policy: { retry_on: '5xx', num_retries: 2 } } },
            { match: { prefix: '/status' }, route: { cluster: 'origin' } },
            { match: { prefix: '/reset' }, route: { cluster: 'origin' } },
            { match: { prefix: '/a' }, route: { cluster: 'origin' } },
          ],
        },
      ],
    },
    http_filters: [{ name: 'router', typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } }],
  };
  const tcp = { '@type': type('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'), stat_prefix: 'plain', cluster: 'origin' };
  return {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: ports.admin } } },
    node: { id: 'admin-node', cluster: 'admin-cluster' },
    static_resources: {
      listeners: [
        listener('web', ports.http, { name: 'http', typed_config: http }),
        listener('raw', ports.tcp, { name: 'tcp', typed_config: tcp }),
        ...(['tls', 'refusing'] as const).map((name) =>
          listener(
            name,
            ports[name],
            { name: 'http', typed_config: { ...http, stat_prefix: name } },
            { transport_socket: tlsSocket('Downstream', certificates) },
          ),
        ),
      ],
      clusters: [
        cluster('origin', ports.origin),
        cluster('dead', ports.dead),
        cluster('mutual', ports.tls, { transport_socket: tlsSocket('Upstream', certificates) }),
        cluster('misnamed', ports.refusing, { transport_socket: tlsSocket('Upstream', certificates, { san: 'other.test' }) }),
        cluster('bare', ports.refusing, { transport_socket: tlsSocket('Upstream', certificates, { ownsCertificate: false }) }),
        cluster('plain', ports.refusing),
      ],
      secrets: [
        { name: 'key', tls_certificate: { private_key: { inline_string: 'very secret' }, certificate_chain: { filename: '/dev/null' } } },
      ],
    },
  };
}

describe('the admin interface answers as Envoy’s', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
  concurrency: 1,
}, () => {
  let ours: Side;
  let theirs: Side;

  before(async () => {
    const authority = await AuthorityForTest.create();
    const certificates = { ...(await authority.issue({ dns: ['server.test'] })), root: authority.root };
    ours = await startSide((ports) => startProxy({ bootstrap: bootstrapFor(ports, certificates) as Bootstrap, drainTimeMs: 0 }));
    theirs = await startSide((ports) => startEnvoy(envoy ?? '', bootstrapFor(ports, certificates), ports.admin));
    for (const side of [ours, theirs]) {
      for (const path of ['/direct', '/redirect', '/dead', '/slow/300', '/flaky/1/503', '/status/404', '/status/500', '/a', '/nothing']) {
        await fetch(`http://127.0.0.1:${side.ports.http}${path}`, { redirect: 'manual', headers: { connection: 'close' } }).then((answer) =>
          answer.text(),
        );
      }
      for (const path of ['/mutual/direct', '/misnamed/direct', '/bare/direct', '/plain/direct'])
        await fetch(`http://127.0.0.1:${side.ports.http}${path}`, { headers: { connection: 'close' } }).then((answer) => answer.text());
      await leave(side, '/slow/300');
      await fetch(`http://127.0.0.1:${side.ports.http}/reset`, { headers: { connection: 'close' } }).then((answer) => answer.text());
      await fetch(`http://127.0.0.1:${side.ports.tcp}/a`, { headers: { connection: 'close' } }).then((answer) => answer.text());
    }
    // The counts of connections are final once their closes were seen.
    await setTimeout(200);
  });

  after(async () => {
    for (const side of [ours, theirs]) {
      side?.origin.stop();
      await side?.proxy.stop();
    }
  });

  const both = (path: string, method = 'GET') => Promise.all([ours, theirs].map((side) => ask(side, path, method)));

  for (const [method, path] of [
    ['GET', '/ready'],
    ['GET', '/listeners'],
    ['GET', '/listeners?format=json'],
    ['GET', '/certs'],
    ['GET', '/quitquitquit'],
    ['GET', '/drain_listeners'],
    ['GET', '/logging'],
    ['GET', '/healthcheck/fail'],
    ['GET', '/reset_counters'],
    ['GET', '/stats?format=nonsense'],
    ['GET', '/config_dump?resource=bogus'],
    ['GET', '/config_dump?resource=static_clusters&mask=cluster.name'],
    ['GET', '/config_dump?mask=bogus'],
    ['GET', '/clusters'],
    ['GET', '/clusters?format=json'],
    ['GET', '/clusters?filter=dea'],
    ['POST', '/healthcheck/fail'],
    ['GET', '/ready'],
    ['POST', '/healthcheck/ok'],
    ['GET', '/ready'],
  ] as const) {
    test(`${method} ${path}`, async () => {
      const [weft, reference] = await both(path, method);
      assert.deepEqual(inOrder(path, weft), inOrder(path, reference));
    });
  }

  test('GET /config_dump: the same sections and resources, without secrets', async () => {
    const [weft, reference] = await Promise.all([ours, theirs].map((side) => resources(side)));
    assert.deepEqual(weft, reference);
    assert.doesNotMatch(JSON.stringify(weft), /very secret/);
  });

  test('POST /logging tells and changes levels', async () => {
    assert.match((await ask(ours, '/logging', 'POST')).body, /^active loggers:\n {2}\w+: \w+\n/);
    assert.match((await ask(ours, '/logging?level=warning', 'POST')).body, /: warning\n/);
    const [weft, reference] = await both('/logging?nobody=debug', 'POST');
    assert.deepEqual([weft?.status, weft?.body.split('\n')[0]], [reference?.status, reference?.body.split('\n')[0]]);
  });

  test('the stats that both have say the same', async () => {
    const [weft, reference] = await Promise.all([ours, theirs].map((side) => stats(side)));
    const differences = [...(weft ?? [])].filter(([name, value]) => reference?.get(name) !== value);
    assert.deepEqual(
      differences.map(([name, value]) => `${name}: ${value}, Envoy ${reference?.get(name)}`),
      [],
    );
  });

  test('handshakes that were refused count by their reason', async () => {
    const [weft, reference] = await Promise.all([ours, theirs].map((side) => ask(side, '/stats', 'GET')));
    const refused = (text = '') => text.split('\n').filter((line) => /fail_verify_(no_cert|san|cert_hash|error): [^0]/.test(line));
    assert.deepEqual(refused(weft?.body), refused(reference?.body));
    assert.equal(refused(weft?.body).length, 2);
  });

  test('Prometheus finds the same families, types and labels for the stats that both have', async () => {
    const [weft, reference] = await Promise.all([ours, theirs].map((side) => families(side)));
    const differences = [...(weft ?? [])].filter((line) => !reference?.has(line));
    assert.deepEqual(differences, []);
  });
});

async function startSide(start: (ports: AdminPorts) => Promise<Running>): Promise<Side> {
  const [admin = 0, http = 0, tcp = 0, dead = 0, tls = 0, refusing = 0] = await freePorts(6);
  const origin = await startOrigin();
  const ports = { admin, http, tcp, dead, origin: origin.port, tls, refusing };
  return { ports, origin, proxy: await start(ports) };
}

async function ask({ ports }: Side, path: string, method: string) {
  const answer = await fetch(`http://127.0.0.1:${ports.admin}${path}`, { method });
  const text = await answer.text();
  return { status: answer.status, type: answer.headers.get('content-type'), body: withoutPorts(text, ports) };
}

/** Clusters, listeners and certificates come in any order. */
function inOrder(path: string, answer: Awaited<ReturnType<typeof ask>> | undefined): unknown {
  if (answer === undefined || !/^\/(clusters|listeners|certs)/.test(path)) return answer;
  if (!path.includes('json') && path !== '/certs') return { ...answer, body: answer.body.split('\n').sort() };
  const lists = Object.values(JSON.parse(answer.body) as Record<string, object[]>);
  return { ...answer, body: lists.map((list) => list.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))) };
}

function withoutPorts(text: string, ports: AdminPorts): string {
  let plain = text;
  for (const [index, port] of Object.values(ports).entries()) plain = plain.replaceAll(String(port), String(index + 1));
  return plain;
}

/** The configuration that a dump shows, by section; what it says of the process itself is left out. */
async function resources(side: Side): Promise<object> {
  const { configs } = JSON.parse((await ask(side, '/config_dump', 'GET')).body) as {
    configs: { '@type': string; [field: string]: unknown }[];
  };
  const plain = (value: unknown): unknown => {
    // Resources come in any order.
    if (Array.isArray(value)) return value.map(plain).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    if (typeof value !== 'object' || value === null) return value;
    const fields = Object.entries(value).filter(([name]) => !['last_updated', 'version_info', 'node'].includes(name));
    return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, plain(inner)]));
  };
  const known = configs.filter(({ '@type': name }) => !name.endsWith('ScopedRoutesConfigDump') && !name.endsWith('EcdsConfigDump'));
  return Object.fromEntries(known.map(({ '@type': name, ...section }) => [name, plain(section)]));
}

/** A client that breaks its connection off while its request is under way. */
async function leave({ ports }: Side, path: string): Promise<void> {
  const socket = connect(ports.http, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  await setTimeout(50);
  socket.resetAndDestroy();
}

/**
 * What the process has and does, who of two that close a connection at the same time is the first, and what handshakes had come to when a
 * peer was turned away: Node judges certificates after the handshake, and what follows it is made only then.
 */
const perProcess =
  /^(cluster\.bare\.ssl|http\.refusing|listener\.127\.0\.0\.1_7|server|istiocustom|runtime|listener_manager\.workers|main_thread|workers)|bytes_buffered|downstream_cx_(rx|tx)_bytes|upstream_cx_tx_bytes|downstream_cx_destroy_(local|remote):|_ms|_time:|per_cx|per_socket/;

async function stats(side: Side): Promise<Map<string, string>> {
  const { body } = await ask(side, '/stats', 'GET');
  const lines = body.split('\n').filter((line) => line !== '' && !line.includes('admin') && !perProcess.test(line));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(': ')), line.slice(line.lastIndexOf(': ') + 2)]));
}

async function families(side: Side): Promise<Set<string>> {
  const { body } = await ask(side, '/stats/prometheus', 'GET');
  const own = body
    .split('\n')
    .filter((line) => line !== '' && !/admin|istio_build|envoy_server|ssl_(ciphers|versions).*127\.0\.0\.1_7/.test(line));
  return new Set(own.map((line) => (line.startsWith('#') ? line : line.slice(0, line.lastIndexOf(' ')))));
}
