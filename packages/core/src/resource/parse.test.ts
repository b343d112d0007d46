import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { locate } from './locate.ts';
import { parseYaml } from './parse.ts';
import { createResourceSet } from './resource-set.ts';
import { loadYaml } from './yaml.ts';

const service = (name: string) =>
  `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${name}\nspec:\n  ports:\n  - port: 80\n    name: http\n`;

test('a broken document is reported at its place and the others survive', () => {
  const { resources, problems } = parseYaml(`${service('a')}---\nkind: [\n---\n${service('b')}`, 'f.yaml');
  assert.deepEqual(
    resources.map(({ ref }) => ref.name),
    ['a', 'b'],
  );
  assert.equal(problems.length, 1);
  assert.equal(problems[0]?.line, 11);
  assert.match(problems[0]?.message ?? '', /not valid YAML/);
});

test('a key written twice is an error', () => {
  const { resources, problems } = parseYaml('apiVersion: v1\nkind: Service\nspec: {a: 1}\nspec: {b: 2}\n', 'f.yaml');
  assert.equal(resources.length, 0);
  assert.equal(problems[0]?.line, 4);
});

test('lists become their items, and positions lead into the list', () => {
  const text = `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: a}\n- apiVersion: v1\n  kind: Service\n  metadata:\n    name: b\n`;
  const { resources } = parseYaml(text, 'f.yaml');
  assert.deepEqual(
    resources.map(({ ref }) => ref.name),
    ['a', 'b'],
  );
  const second = resources[1];
  assert.deepEqual(second && locate(second.source, 'metadata.name'), { file: 'f.yaml', line: 10, column: 5 });
});

test('documents that are no Kubernetes objects are skipped with a warning', () => {
  const { resources, problems } = parseYaml('replicas: 3\nimage: x\n', 'values.yaml');
  assert.equal(resources.length, 0);
  assert.equal(problems[0]?.severity, 'warning');
  assert.equal(parseYaml('kind: Service\n', 'f').problems[0]?.severity, 'error');
});

test('unknown kinds are kept, and a namespace is filled in for namespaced ones only', () => {
  const text = 'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n';
  const { resources } = parseYaml(text, 'f', { defaultNamespace: 'x' });
  assert.deepEqual(
    resources.map(({ ref }) => [ref.group, ref.kind, ref.namespace]),
    [
      ['example.com', 'Thing', 'x'],
      ['', 'Namespace', ''],
    ],
  );
});

test('scalars have the types that Kubernetes gives them', () => {
  const value = loadYaml(
    '{a: yes, b: off, c: 010, d: 1_000, e: 12:30:45, f: 1e3, g: .5, h: 0x1F, i: ~, j: "yes", k: 2020-01-01, l: 08, m: -3, n0: .inf}',
  );
  assert.deepEqual(value.ok && value.value, {
    a: true,
    b: false,
    c: 8,
    d: 1000,
    e: '12:30:45',
    f: 1000,
    g: 0.5,
    h: 31,
    i: null,
    j: 'yes',
    k: '2020-01-01',
    l: 8,
    m: -3,
    n0: '.inf',
  });
});

test('flow collections may be closed at the level of their key, as Kubernetes reads them', () => {
  const text = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  annotations: {\n  x: "1",\n  z: "2"\n  }\nspec: {}\n';
  const { resources, problems } = parseYaml(text, 'f.yaml');
  assert.deepEqual(problems, []);
  const [resource] = resources;
  assert.deepEqual(resource?.annotations, { x: '1', z: '2' });
  assert.deepEqual(resource && locate(resource.source, 'metadata.annotations.z'), { file: 'f.yaml', line: 7, column: 3 });
});

test('separators with content, comments, byte order marks and carriage returns do not disturb', () => {
  const text = `\ufeff# head\r\n--- # first\r\n${service('a').replaceAll('\n', '\r\n')}--- {apiVersion: v1, kind: Service, metadata: {name: b}}\n---\n# nothing\n`;
  const { resources, problems } = parseYaml(text, 'f.yaml');
  assert.deepEqual(problems, []);
  assert.deepEqual(
    resources.map(({ ref, source }) => [ref.name, source.line]),
    [
      ['a', 3],
      ['b', 11],
    ],
  );
});

test('aliases cannot be used to exhaust memory', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
    .split('')
    .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[index]}`).join(',')}]`)
    .join('\n')}\n`;
  const loaded = loadYaml(bomb);
  assert.ok(!loaded.ok && /aliases/.test(loaded.error.message));
  assert.ok(!loadYaml('&a [*a]').ok);
  assert.ok(!loadYaml('['.repeat(500)).ok);
});

test('a missing field is placed at its nearest parent, and keys with dots are found', () => {
  const { resources } = parseYaml('apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  labels:\n    app.io/x: y\n', 'f.yaml');
  const source = resources[0]?.source;
  assert.ok(source);
  assert.deepEqual(locate(source, 'metadata.labels["app.io/x"]'), { file: 'f.yaml', line: 6, column: 5 });
  assert.deepEqual(locate(source, 'metadata.annotations.z'), { file: 'f.yaml', line: 3, column: 1 });
  assert.deepEqual(locate(source, 'spec.ports[0]'), { file: 'f.yaml', line: 1, column: 1 });
});

test('every field of a random object is found at the line where it was written', () => {
  const key = fc
    .stringMatching(/^[a-z]{1,6}$/)
    .filter((word) => !['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null'].includes(word));
  const fields = fc.uniqueArray(key, { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fields, fc.nat(3), (names, blankLines) => {
      const head = `${'# comment\n'.repeat(blankLines)}apiVersion: v1\nkind: Service\nspec:\n`;
      const text = head + names.map((name, index) => `  ${name}:\n  - v${index}\n`).join('');
      const source = parseYaml(text, 'f.yaml').resources[0]?.source;
      assert.ok(source);
      names.forEach((name, index) => {
        const line = blankLines + 4 + index * 2;
        assert.deepEqual(locate(source, `spec.${name}`), { file: 'f.yaml', line, column: 3 });
        assert.deepEqual(locate(source, `spec.${name}[0]`), { file: 'f.yaml', line: line + 1, column: 5 });
      });
    }),
  );
});

test('no text makes the parser throw, and no path makes locate throw', () => {
  const shards = fc.array(
    fc.constantFrom(
      '---\n',
      'kind: ',
      'apiVersion: v1\n',
      '- ',
      '  ',
      '[',
      ']',
      '{',
      '}',
      '&a ',
      '*a',
      ': ',
      '"',
      "'",
      '|\n',
      '<<: ',
      '!!x ',
      '\t',
      '\n',
      '#',
      '%YAML',
      '...',
      'items:\n',
      'List\n',
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 200 }),
        shards.map((parts) => parts.join('')),
      ),
      fc.string(),
      (text, path) => {
        for (const { source } of parseYaml(text, 'f').resources) locate(source, path);
        locate({ file: 'f', line: 1, text }, path);
      },
    ),
    { numRuns: 2000 },
  );
});

test('a set finds resources by kind and name, whatever their version', () => {
  const text = ['v1', 'v1beta1', 'v1alpha3'].map(
    (version) => `apiVersion: networking.istio.io/${version}\nkind: Gateway\nmetadata: {name: g-${version}}\n`,
  );
  const other = 'apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: k}\n';
  const set = createResourceSet(parseYaml([...text, other].join('---\n'), 'f').resources);
  assert.equal(set.ofKind('Gateway').length, 3);
  assert.equal(set.ofKind('KubernetesGateway').length, 1);
  assert.equal(set.get('Gateway', 'default', 'g-v1beta1')?.ref.version, 'v1beta1');
  assert.equal(set.get('Gateway', 'default', 'k'), null);
});
