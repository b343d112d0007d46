// Checks docs/istio-api.yaml against the schemas of all kinds, and docs/istio-api.md against it; `--write` makes the latter.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { coverageOf, coveredSchemas, readCoverage, schemaFields } from '../fixtures/runner/field-coverage.ts';

const root = join(import.meta.dirname, '..');
const table = join(root, 'docs/istio-api.md');
const statuses = new Set(['enforced', 'envoy', 'checked', 'refused', 'missing']);

const head = `# The Istio API, field by field

What Weft does with every field of every kind that has a schema. This page is made from [istio-api.yaml](istio-api.yaml) by
\`node scripts/istio-api.mjs --write\`; \`npm run check\` fails when a field of a schema is not covered, an entry names a field that no longer exists,
or a test that is named does not exist.

- **Envoy**: proxies are sent what the field says, in a form that a real Envoy accepts. **Weft**: Weft's own proxy acts on it.
- **checked**: the type, the limits and what the field means together with others are validated, and analysis can find it at fault.
- **shown by** *trial*: [the examples](../fixtures/istio-api) of the kind are compiled as they are and with other values of the field; what proxies are
  sent must differ for \`enforced\` and \`envoy\`, Weft's proxy must look at the difference for \`enforced\`, nothing may differ for the rest,
  and validation must object to what is \`refused\`.

MeshConfig and MeshNetworks are tried out in the same way, as the settings of the mesh around one example. Of the kinds of Kubernetes itself there is no
such table.
`;

const source = readCoverage();
const problems = [...kindProblems(), ...Object.keys(coveredSchemas).flatMap(fieldProblems), ...testProblems()];
const rendered = render();
if (process.argv.includes('--write')) writeFileSync(table, rendered);
else if (problems.length === 0 && readFileSync(table, 'utf8') !== rendered)
  problems.push('docs/istio-api.md is old: node scripts/istio-api.mjs --write');
for (const problem of problems) console.log(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function kindProblems() {
  return Object.keys(source.kinds)
    .filter((kind) => !(kind in coveredSchemas))
    .map((kind) => `${kind}: no such kind`);
}

function fieldProblems(kind) {
  const entries = coverageOf(source, kind);
  const used = new Set();
  const uncovered = schemaFields(kind).filter((field) => {
    const entry = entries.find(({ matches }) => matches(field));
    for (const { pattern, matches } of entries) if (matches(field)) used.add(pattern);
    return entry === undefined;
  });
  return [
    ...uncovered.map((field) => `${kind} ${field}: not covered`),
    ...entries.filter(({ pattern }) => !used.has(pattern)).map(({ pattern }) => `${kind} ${pattern}: no such field`),
    ...entries.filter(({ status }) => !statuses.has(status)).map(({ pattern, status }) => `${kind} ${pattern}: no such status: ${status}`),
  ];
}

function testProblems() {
  const tests = [source.trial, ...Object.keys(source.kinds).flatMap((kind) => coverageOf(source, kind).flatMap(({ test }) => test ?? []))];
  return [...new Set(tests)].filter((test) => !testExists(test)).map((test) => `no such test: ${test}`);
}

function testExists(test) {
  const [file, name] = splitTest(test);
  try {
    const text = readFileSync(join(root, file), 'utf8');
    return text.includes(`'${name}'`) || text.includes(`"${name}"`);
  } catch {
    return false;
  }
}

function splitTest(test) {
  const colon = test.indexOf(': ');
  return [test.slice(0, colon), test.slice(colon + 2)];
}

function render() {
  const kinds = Object.keys(source.kinds).filter((kind) => kind in coveredSchemas);
  const summary = kinds.map((kind) => {
    const counts = [...statuses].map((status) => rowsOf(kind).filter((row) => row.status === status).length || '');
    return `| [${kind}](#${kind.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}) | ${schemaFields(kind).length} | ${counts.join(' | ')} |`;
  });
  const totals = [...statuses].map((status) => kinds.flatMap(rowsOf).filter((row) => row.status === status).length);
  const sum = totals.reduce((all, count) => all + count, 0);
  return [
    head,
    `| kind | fields | ${[...statuses].join(' | ')} |`,
    `|---|---|${[...statuses].map(() => '---|').join('')}`,
    ...summary,
    `| all | ${sum} | ${totals.join(' | ')} |`,
    ...kinds.flatMap((kind) => [
      '',
      `## ${kind}`,
      '',
      '| field | Envoy | Weft | checked | shown by |',
      '|---|---|---|---|---|',
      ...rowsOf(kind).map(line),
    ]),
    '',
  ].join('\n');
}

function rowsOf(kind) {
  const entries = coverageOf(source, kind);
  return schemaFields(kind).flatMap((field) => {
    const entry = entries.find(({ matches }) => matches(field));
    return entry ? [{ ...entry, field }] : [];
  });
}

function line({ field, status, note, test }) {
  const [envoy, weft, checked] = {
    enforced: ['yes', 'yes', 'yes'],
    envoy: ['yes', '**no**', 'yes'],
    checked: ['–', '–', 'yes'],
    refused: ['–', '–', 'refused'],
    missing: ['**no**', '**no**', 'yes'],
  }[status] ?? ['', '', ''];
  const shown = test ? `${splitTest(test)[0].split('/').at(-1)}: ${splitTest(test)[1]}` : 'trial';
  return `| \`${field}\` | ${envoy} | ${weft} | ${checked} | ${shown}${note ? `; ${note}` : ''} |`;
}
