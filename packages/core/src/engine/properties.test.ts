import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';
import { buildListener } from '../plan/build-listener.ts';
import { buildPlan } from '../plan/build-plan.ts';
import type { RequestFacts } from '../plan/facts.ts';
import type { FilterChainPlan } from '../plan/filter-chain-plan.ts';
import { decideRequest } from './decide-request.ts';
import type { PendingDecision, Resume, Trace } from './decision.ts';
import { certificateOf, connectionOf, requestOf } from './facts-for-test.ts';
import { filters, hosts, request, word } from './random-configuration.ts';
import { verifyRequestJwt } from './verify-jwt.ts';

const plan = buildPlan({ clusters: [], endpoints: [], listeners: [], routes: [], secrets: [] }, null);
const nowMs = Date.UTC(2026, 5, 1);
const keys = await generateKeyPair('RS256');
const otherKeys = await generateKeyPair('RS256');
const jwks: JSONWebKeySet = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'RS256' }] };

function sign(claims: object, key = keys.privateKey): Promise<string> {
  const payload = { iss: 'own', sub: 'a', exp: nowMs / 1000 + 60, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(key);
}

const tokens: Readonly<Record<string, string | null>> = {
  missing: null,
  valid: await sign({}),
  expired: await sign({ exp: nowMs / 1000 - 120 }),
  'of another issuer': await sign({ iss: 'other' }),
  'of another key': await sign({}, otherKeys.privateKey),
  unreadable: 'a.b.c',
};

/** What others answer where the engine waits for them. */
const answers = fc.record({
  isDenied: fc.boolean(),
  clearRoute: fc.boolean(),
  header: word,
});

test('a trace changes nothing about a decision, whatever filters, tokens and routes there are', async () => {
  const ends = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      hosts,
      filters,
      request,
      fc.record({ token: fc.constantFrom(...Object.keys(tokens)), client: word, draw: fc.constantFrom(null, 0, 600_000), answer: answers }),
      async (virtualHosts, httpFilters, spec, { token: name, client, draw, answer }) => {
        const chain = chainOf({ routeConfig: { virtualHosts }, httpFilters });
        const token = tokens[name];
        const headers = { ...spec.headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
        const connection = connectionOf({ isTls: true, peerCertificate: certificateOf(`spiffe://${client}`) });
        const facts = requestOf({ ...spec, headers, connection });
        const trace: Trace = { steps: [] };
        for (let resume: Resume | null = null, step = 0; ; step++) {
          const traced = decideRequest(plan, chain, facts, trace, resume, draw);
          const untraced = decideRequest(plan, chain, facts, null, resume, draw);
          assert.deepEqual(traced, untraced);
          const end = traced.kind === 'localReply' ? `${traced.kind} ${traced.reason}` : traced.kind;
          ends.set(end, (ends.get(end) ?? 0) + 1);
          if (traced.kind !== 'pending') break;
          assert.ok(step < httpFilters.length, 'each filter waits once');
          resume = { filterIndex: traced.filterIndex, state: traced.state, result: await answerOf(traced, facts, answer) };
        }
        assert.ok(trace.steps.length > 0);
      },
    ),
    { numRuns: 600, seed: 7 },
  );
  const wanted = [
    'forward',
    'pending',
    ...['jwt', 'rbac', 'redirect', 'direct', 'cors', 'noRoute', 'tlsRedirect'].map((reason) => `localReply ${reason}`),
  ];
  assert.deepEqual(
    wanted.filter((end) => !ends.has(end)),
    [],
    'ends that no run came to',
  );
});

function chainOf(manager: object): FilterChainPlan {
  const typedConfig = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    ...manager,
  };
  const [chain] = buildListener({ filterChains: [{ filters: [{ name: 'http', typedConfig }] }] }).filterChains;
  assert.ok(chain);
  return chain;
}

type Answer = { readonly isDenied: boolean; readonly clearRoute: boolean; readonly header: string };

async function answerOf(
  { need }: PendingDecision,
  facts: RequestFacts,
  { isDenied, clearRoute, header }: Answer,
): Promise<Resume['result']> {
  if (need.kind === 'jwt') return verifyRequestJwt(need.jwt, need.requirement, { facts, keys: async () => jwks, nowMs });
  if (isDenied)
    return {
      kind: 'deny',
      status: 429,
      body: 'no',
      headers: [[header, 'x']],
      flag: 'RL',
      details: 'request_rate_limited',
      grpcStatus: null,
    };
  const change = { op: 'set', name: header, value: 'b' } as const;
  return {
    kind: 'pass',
    headerChanges: [change],
    responseHeaders: [change],
    metadata: { checked: { by: 'x' } },
    clearRoute,
    requestPrincipal: '',
  };
}
