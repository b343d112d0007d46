// Measures the engine: authorization decisions and route decisions per second on one core.
//   node bench/engine.ts
import { judgeRules } from '@weft/core/engine/authorize';
import { decideRequest } from '@weft/core/engine/decide-request';
import { buildListener } from '@weft/core/plan/build-listener';
import { buildPlan } from '@weft/core/plan/build-plan';
import { buildRbac } from '@weft/core/plan/build-rbac';
import type { ConnectionFacts, RequestFacts } from '@weft/core/plan/facts';
import type { FilterChainPlan } from '@weft/core/plan/filter-chain-plan';
import { parseIpAddress } from '@weft/core/plan/ip-address';

const decisions = 1_000_000;

measureAuthorization();
measureRoutes(1000);

/** 2 DENY and 8 ALLOW policies as Istio generates them; the matching one is the last. */
function measureAuthorization(): void {
  const policy = (i: number) => ({
    permissions: [
      {
        andRules: {
          rules: [
            { orRules: { rules: [{ header: { name: ':method', stringMatch: { exact: 'GET' } } }] } },
            { orRules: { rules: [{ urlPath: { path: { prefix: `/api/${i}/` } } }] } },
          ],
        },
      },
    ],
    principals: [
      {
        andIds: {
          ids: [{ orIds: { ids: [{ authenticated: { principalName: { exact: `spiffe://cluster.local/ns/shop/sa/client-${i % 4}` } } }] } }],
        },
      },
    ],
  });
  const named = (count: number, from: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`ns[shop]-policy[p${from + i}]-rule[0]`, policy(from + i)]));
  const deny = buildRbac({ rules: { action: 'DENY', policies: named(2, 100) } }).rules;
  const allow = buildRbac({ rules: { action: 'ALLOW', policies: named(8, 0) } }).rules;
  if (!deny || !allow) throw new Error('both filters have rules');
  const requests = Array.from({ length: 8 }, (_, i) => request(`/api/${i}/items`, 'shop.example.com', connection(i % 4)));
  const run = (count: number): number => {
    let allowed = 0;
    for (let i = 0; i < count; i++) {
      const facts = requests[i & 7] as RequestFacts;
      if (judgeRules(deny, facts.connection, facts, null).allowed && judgeRules(allow, facts.connection, facts, null).allowed) allowed++;
    }
    return allowed;
  };
  run(100_000);
  const started = performance.now();
  const allowed = run(decisions);
  const ms = performance.now() - started;
  print('authorization decisions (2 DENY + 8 ALLOW policies)', ms, decisions, `${allowed} allowed`);
}

/** A route table of many hosts with 20 routes each; the route that matches is the 18th. */
function measureRoutes(hosts: number): void {
  const routes = [
    ...Array.from({ length: 17 }, (_, i) => ({
      match: { prefix: `/svc/${i}/`, headers: [{ name: 'x-tier', stringMatch: { exact: `t${i}` } }] },
      route: { cluster: `c${i}` },
    })),
    {
      match: { safeRegex: { regex: '/items/[0-9]+' } },
      route: {
        weightedClusters: {
          clusters: [
            { name: 'v1', weight: 90 },
            { name: 'v2', weight: 10 },
          ],
        },
        timeout: '3s',
      },
    },
    { match: { prefix: '/' }, route: { cluster: 'rest' } },
  ];
  const name = (i: number) => `svc-${i}.ns-${i % 20}.svc.cluster.local`;
  const virtualHosts = Array.from({ length: hosts }, (_, i) => ({
    name: `${name(i)}:80`,
    domains: [name(i), `${name(i)}:80`, `svc-${i}.ns-${i % 20}`],
    routes,
  }));
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    routeConfig: { virtualHosts: [...virtualHosts, { name: 'allow_any', domains: ['*'], routes: [] }] },
    httpFilters: [
      { name: 'envoy.filters.http.router', typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } },
    ],
  };
  const listener = buildListener({ filterChains: [{ filters: [{ name: 'http', typedConfig: manager as never }] }] });
  const chain = listener.filterChains[0] as FilterChainPlan;
  const plan = buildPlan({ clusters: [], endpoints: [], listeners: [], routes: [], secrets: [] }, null);
  const requests = Array.from({ length: 256 }, (_, i) => request(`/items/${i}`, name((i * 37) % hosts), connection(0)));
  const run = (count: number): number => {
    let forwarded = 0;
    for (let i = 0; i < count; i++)
      if (decideRequest(plan, chain, requests[i & 255] as RequestFacts, null, null).kind === 'forward') forwarded++;
    return forwarded;
  };
  run(100_000);
  const started = performance.now();
  const forwarded = run(decisions);
  print(`route decisions (${hosts} virtual hosts, 18th of 19 routes)`, performance.now() - started, decisions, `${forwarded} forwarded`);
}

function print(what: string, ms: number, count: number, note: string): void {
  process.stdout.write(`${what}: ${count} in ${ms.toFixed(0)} ms, ${((ms * 1000) / count).toFixed(3)} us each (${note})\n`);
}

function connection(client: number): ConnectionFacts {
  const address = parseIpAddress('10.0.0.1');
  if (!address) throw new Error('an address');
  const certificate = { dnsSans: [], subject: '', issuer: '', serial: '', sha256: '', pem: '', chainPem: '', verified: true };
  return {
    destination: address,
    destinationPort: 8080,
    isDestinationRestored: false,
    source: address,
    sourcePort: 40000,
    directSource: address,
    transportProtocol: 'tls',
    applicationProtocols: ['istio'],
    serverName: '',
    isTls: true,
    tlsVersion: 'TLSv1.3',
    localCertificate: null,
    peerCertificate: { ...certificate, uriSans: [`spiffe://cluster.local/ns/shop/sa/client-${client}`] },
    connectionId: 1,
    metadata: null,
  };
}

function request(path: string, authority: string, on: ConnectionFacts): RequestFacts {
  const headers: Record<string, string> = {
    ':method': 'GET',
    ':path': path,
    ':authority': authority,
    'user-agent': 'bench',
    accept: '*/*',
  };
  return {
    connection: on,
    method: 'GET',
    path,
    authority,
    scheme: 'http',
    protocol: 'HTTP/1.1',
    remote: on.source,
    isInternal: false,
    upgrade: null,
    startedAt: 0,
    contentLength: 0,
    header: (name) => headers[name],
    headerValues: (name) => (headers[name] === undefined ? [] : [headers[name]]),
    headers: () => headers,
  };
}
