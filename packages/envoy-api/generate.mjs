// Generates TypeScript (schemas and protojson types) for the messages in roots.mjs into gen/. Nothing generated is committed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { additions } from './additions.mjs';
import { roots } from './roots.mjs';

const here = import.meta.dirname;
const require = createRequire(import.meta.url);
const packageDir = (name) => dirname(require.resolve(`${name}/package.json`));
const xds = packageDir('@grpc/grpc-js-xds');

const stamp = createHash('sha256')
  .update(JSON.stringify([roots, additions]))
  .update(readFileSync(join(here, 'generate.mjs')))
  .update(ownProtos())
  .update(readFileSync(join(xds, 'package.json')))
  .digest('hex');
const stampFile = join(here, 'gen/.stamp');
if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) process.exit(0);

/** Options on fields and messages that nothing here reads: without them the schemas of a process take a fifth less. */
const annotations = ['validate.**', 'udpa.annotations.**', 'xds.annotations.**', 'envoy.annotations.**', 'google.api.http'];

const source = join(here, 'gen/.proto');
rmSync(join(here, 'gen'), { recursive: true, force: true });
mkdirSync(source, { recursive: true });
for (const part of ['xds', 'googleapis', 'envoy-api']) cpSync(join(xds, 'deps', part), source, { recursive: true });
cpSync(join(here, 'proto'), source, { recursive: true });
for (const addition of additions) addFields(addition);
writeFileSync(join(source, 'buf.yaml'), 'version: v2\n');
writeFileSync(
  join(source, 'buf.gen.yaml'),
  'version: v2\nplugins:\n  - local: protoc-gen-es\n    out: ..\n    include_imports: true\n    opt: [target=js+dts, import_extension=js, json_types=true]\n',
);

const buf = join(packageDir('@bufbuild/buf'), 'bin/buf');
const args = [buf, 'generate', ...roots.flatMap((root) => ['--path', root]), ...annotations.flatMap((type) => ['--exclude-type', type])];
const result = spawnSync(process.execPath, args, {
  cwd: source,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, PATH: `${join(here, '../../node_modules/.bin')}:${process.env.PATH}` },
});
if (result.status !== 0) {
  rmSync(join(here, 'gen'), { recursive: true, force: true });
  console.error('envoy-api: generating the protobuf types failed; the lines above say where.');
  process.exit(1);
}
writeRegistry();
rmSync(source, { recursive: true, force: true });
writeFileSync(stampFile, stamp);

function ownProtos() {
  const paths = readdirSync(join(here, 'proto'), { recursive: true })
    .filter((path) => path.endsWith('.proto'))
    .sort();
  return paths.map((path) => readFileSync(join(here, 'proto', path), 'utf8')).join('');
}

/** Puts text after a line of a proto file; fails when the line is gone, because then the package has a newer file that may not need it. */
function addFields({ file, after, text }) {
  const path = join(source, file);
  const proto = readFileSync(path, 'utf8');
  if (!proto.includes(after)) throw new Error(`envoy-api: ${file} has no line "${after}" any more; additions.mjs needs a look`);
  writeFileSync(
    path,
    proto.replace(after, () => `${after}\n${text}`),
  );
}

/** One registry of every generated file, for packing and unpacking `Any` by type URL. */
function writeRegistry() {
  const generated = readdirSync(join(here, 'gen'), { recursive: true })
    .filter((path) => path.endsWith('_pb.js'))
    .sort();
  const imports = generated.map(
    (path, index) => `import { file_${path.replace(/_pb\.js$/, '').replace(/[^a-zA-Z0-9]/g, '_')} as f${index} } from './${path}';`,
  );
  const names = generated.map((_, index) => `f${index}`).join(', ');
  writeFileSync(
    join(here, 'gen/registry.js'),
    `import { createRegistry } from '@bufbuild/protobuf';\nimport * as wkt from '@bufbuild/protobuf/wkt';\n${imports.join('\n')}\n` +
      `const wellKnown = Object.values(wkt).filter((item) => item?.kind === 'file');\nexport const registry = createRegistry(...wellKnown, ${names});\n`,
  );
  writeFileSync(
    join(here, 'gen/registry.d.ts'),
    "import type { Registry } from '@bufbuild/protobuf';\nexport declare const registry: Registry;\n",
  );
}
