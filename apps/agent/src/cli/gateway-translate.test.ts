import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError } from './command.ts';
import { run, translateInputs } from './gateway-translate.ts';

const text = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}
`;

async function output(args: readonly string[]): Promise<string> {
  const written: string[] = [];
  const io = {
    stdin: (async function* () {
      yield text;
    })(),
    stdout: { write: (part: string) => written.push(part) },
    stderr: { write: () => {} },
    cwd: '/',
  };
  assert.equal(await run(args, io), 0);
  return written.join('');
}

test('prints the resources with status, then what they come to', async () => {
  const list = JSON.parse(await output(['-f', '-', '-o', 'json'])) as { items: { apiVersion: string; kind: string }[] };
  assert.deepEqual(
    list.items.map(({ apiVersion, kind }) => `${apiVersion.split('/')[0]} ${kind}`),
    [
      'gateway.networking.k8s.io Gateway',
      'gateway.networking.k8s.io HTTPRoute',
      'networking.istio.io Gateway',
      'networking.istio.io VirtualService',
    ],
  );
});

test('--status leaves the translation out', async () => {
  assert.doesNotMatch(await output(['-f', '-', '--status']), /VirtualService/);
});

test('YAML that cannot be read is named with its place', () => {
  assert.throws(
    () => translateInputs([{ file: 'bad.yaml', text: 'a: [' }], 'default', false),
    (error) => error instanceof InputError && /^bad\.yaml:\d+:\d+: /.test(error.message),
  );
});
