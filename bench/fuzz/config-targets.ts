import assert from 'node:assert/strict';
import { cookieValue, withoutParameters } from '@weft/core/engine/jwt-tokens';
import { normalizePath } from '@weft/core/engine/normalize-path';
import { parseJwt, unverifiedClaims } from '@weft/core/engine/parse-jwt';
import { buildPlan } from '@weft/core/plan/build-plan';
import { parseYaml } from '@weft/core/resource/parse';
import { encodeResource } from '@weft/core/xds/codec';
import { inspectClientHello } from '@weft/proxy/listener/client-hello';
import { inspectHttp } from '@weft/proxy/listener/inspector';
import { parseProxyHeader } from '@weft/proxy/listener/proxy-protocol';
import { readBootstrapText } from '@weft/proxy/xds/bootstrap';
import { readUpdate } from '@weft/proxy/xds/read-update';
import { type ResourceKind, resourceKinds, typeUrlByKind } from '@weft/proxy/xds/resource-kinds';
import { ResourceStore } from '@weft/proxy/xds/resource-store';
import type { Target } from './campaign.ts';
import { demoSnapshot, demoTexts } from './mesh-snapshot.ts';
import { latin1, wordsOf } from './words.ts';

const hello = Buffer.from(
  '1603010046010000420303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0000021301010000170000000e000c0000096c6f63616c686f737400100005000302683200',
  'hex',
);

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = {
  iss: 'https://a.example',
  sub: 'b',
  aud: ['c', 'd'],
  exp: 4_000_000_000,
  nbf: 1,
  scope: 'x y',
  nested: { deep: [1, null, true] },
};

/** A byte for the kind, then one resource of it as it is sent. */
const resourceSamples = (): readonly Buffer[] => {
  const snapshot: Partial<Record<ResourceKind, readonly object[]>> = demoSnapshot();
  const secret = { name: 's', tlsCertificate: { certificateChain: { inlineString: 'x' }, privateKey: { inlineString: 'y' } } };
  return resourceKinds.flatMap((kind, index) => {
    const resources = kind === 'secrets' ? [secret] : (snapshot[kind] ?? []);
    return resources.map((resource) => Buffer.concat([Buffer.from([index]), encodeResource(typeUrlByKind[kind], resource)]));
  });
};

/** An update of one kind, as a control plane sends it: whatever it is, it is taken or refused, and what stands can be used. */
function takesOrRefuses(input: Buffer): void {
  const kind = resourceKinds[(input[0] ?? 0) % resourceKinds.length] ?? 'routes';
  const typeUrl = typeUrlByKind[kind];
  const store = new ResourceStore({ clusters: [], endpoints: [], listeners: [], routes: [], secrets: [] }, () => null);
  const resource = { name: 'x', version: '1', typeUrl, value: input.subarray(1), ttlMs: 0 };
  const { update } = readUpdate({ typeUrl, nonce: '', version: '1', resources: [resource], removed: [], isComplete: false }, []);
  store.apply(kind, update);
  buildPlan(store.snapshot(), null);
}

/** The parsers of what a connection begins with, of tokens and paths, and of configuration. */
export const configTargets: readonly Target[] = [
  {
    name: 'PROXY protocol',
    files: ['packages/proxy/src/listener/proxy-protocol.ts'],
    samples: wordsOf(
      'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET',
      '\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01\x00\x02rest',
    ),
    words: wordsOf(
      'PROXY ',
      'TCP6 ::1 ::1 1 2\r\n',
      'UNKNOWN',
      '\r\n',
      '\x21\x21\x00\x24',
      '\x20\x00\x00\x00',
      '\x21\x31\x00\xd8',
      '65536',
      '1.2.3.4',
      '\xff\xff',
    ),
    run: (input) => {
      const parsed = parseProxyHeader(input);
      if (parsed.kind === 'header') assert.ok(parsed.length <= input.length);
      // More bytes do not change what has been decided.
      if (parsed.kind === 'header') assert.deepEqual(parseProxyHeader(Buffer.concat([input, latin1('more')])), parsed);
    },
  },
  {
    name: 'ClientHello and protocol detection',
    files: ['packages/proxy/src/listener/client-hello.ts'],
    samples: [hello, hello.subarray(0, 40), latin1('GET / HTTP/1.1\r\n')],
    words: [...wordsOf('\x16\x03\x01', '\0\0', '\x00\x10', '\xff\xff', 'PRI * HTTP/2.0'), hello.subarray(0, 11), hello.subarray(50, 64)],
    run: (input) => {
      const whole = inspectClientHello(input);
      inspectHttp(input);
      for (let length = 1; length < input.length; length += 7) {
        const part = inspectClientHello(input.subarray(0, length));
        if (part.kind !== 'more') assert.deepEqual(part, whole);
      }
    },
  },
  {
    name: 'JWT',
    files: ['packages/core/src/engine/parse-jwt.ts'],
    samples: wordsOf(`${base64url({ alg: 'RS256', kid: 'k' })}.${base64url(claims)}.c2ln`),
    words: wordsOf(
      '.',
      '..',
      base64url({ alg: 'none' }),
      base64url({ alg: 'ES256' }),
      base64url({ exp: 'x' }),
      base64url({ aud: 1 }),
      base64url([]),
      base64url(null),
      'e30',
      '=',
      '-',
      '_',
      '%',
    ),
    run: (input) => {
      const token = input.latin1Slice();
      const parsed = parseJwt(token);
      unverifiedClaims(token);
      if (parsed.ok) assert.ok(Array.isArray(parsed.jwt.audiences) && Number.isInteger(parsed.jwt.expiresAt));
    },
  },
  {
    name: 'paths and cookies',
    files: ['packages/core/src/engine/normalize-path.ts', 'packages/core/src/engine/jwt-tokens.ts'],
    samples: wordsOf('/a/../b%2fc?d=e&f#g', '/./%2e%2e//x\\y'),
    words: wordsOf('/', '//', '..', '.', '%2e', '%2F', '%5c', '\\', '?', '#', '%', '%zz', ';', '=', '&', '"', ' '),
    run: (input) => {
      const target = `/${input.latin1Slice()}`;
      for (const escapedSlashes of ['KEEP_UNCHANGED', 'REJECT_REQUEST', 'UNESCAPE_AND_REDIRECT', 'UNESCAPE_AND_FORWARD'] as const) {
        const rules = { normalizePath: true, mergeSlashes: true, escapedSlashes };
        const once = normalizePath(target, rules);
        if (once.kind !== 'path') continue;
        const path = once.path.split('?')[0] ?? '';
        // A path of nothing but slashes keeps two, as Envoy's does.
        if (path !== '//') assert.doesNotMatch(path, /\/\.\.?(?:\/|$)|\/\/|#/, 'the path is not in its one form');
        // A NUL, which no parser lets in, becomes an escape that is refused.
        if (escapedSlashes !== 'KEEP_UNCHANGED' || path.includes('%00')) continue;
        assert.deepEqual(normalizePath(once.path, rules), once, 'what is normal stays');
      }
      cookieValue(input.latin1Slice(), 'd');
      withoutParameters(target, new Set(['d']));
    },
  },
  {
    name: 'xDS resources',
    files: [
      'packages/core/src/plan/build-plan.ts',
      'packages/core/src/plan/build-cluster.ts',
      'packages/core/src/plan/build-listener.ts',
      'packages/core/src/plan/build-http-connection.ts',
      'packages/core/src/plan/build-route-action.ts',
      'packages/proxy/src/xds/read-update.ts',
      'packages/proxy/src/xds/resource-store.ts',
    ],
    samples: resourceSamples(),
    words: wordsOf(
      '\x0a\x01x',
      '\x12\x00',
      '\x08\xff\xff\xff\xff\x0f',
      '\x22\x02\x08\x01',
      'type.googleapis.com/',
      '\x0a\x0212',
      '\x18\x01',
    ),
    batch: 64,
    run: takesOrRefuses,
  },
  {
    name: 'YAML of the mesh',
    files: ['packages/core/src/resource/parse.ts'],
    samples: demoTexts.map((text) => Buffer.from(text.slice(0, 1500))),
    words: wordsOf(
      '---\n',
      '\n',
      ': ',
      '- ',
      '&a ',
      '*a',
      '<<: *a',
      '{',
      '}',
      '[',
      ']',
      '!!binary ',
      '|\n  ',
      '"',
      "'",
      '#',
      '? ',
      '\t',
      '%YAML 1.2\n',
      'kind: List\nitems:\n',
      '__proto__: ',
      '.inf',
      '0x1F',
    ),
    batch: 64,
    run: (input) => {
      const { resources: found } = parseYaml(input.toString('utf8'), 'fuzz.yaml');
      for (const { ref } of found) assert.ok(Object.values(ref).every((part) => typeof part === 'string'));
    },
  },
  {
    name: 'bootstrap files',
    files: ['packages/proxy/src/xds/bootstrap.ts'],
    samples: wordsOf(
      'node: {id: a}\nstatic_resources:\n  clusters: [{name: b, connect_timeout: 1s}]\n',
      '{"admin": {"address": {"socket_address": {"address": "::1", "port_value": 1}}}}',
    ),
    words: wordsOf(
      'node',
      'staticResources',
      'dynamic_resources',
      'ads_config',
      '{',
      '}',
      '[',
      ']',
      ': ',
      ', ',
      '"',
      '\n',
      'null',
      '1e9',
      '-1s',
      '@type',
    ),
    batch: 64,
    run: (input) => void readBootstrapText(input.toString('utf8'), 'fuzz'),
  },
];
