import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { run } from './analyze.ts';
import { UsageError } from './command.ts';

const lostRoute = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: default}
spec: {hosts: [shop], http: [{route: [{destination: {host: nowhere}}]}]}
`;
const gateway = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example]}]}
`;

test('text is for people: level, code, resource, place and what to do', async (context) => {
  const { status, stdout } = await analyzed(context, { 'a.yaml': lostRoute });
  assert.equal(status, 1);
  assert.match(stdout, /^Error \[IST0101\] \(VirtualService default\/shop a\.yaml:4\) .*nowhere.*\n$/);
  assert.deepEqual(await analyzed(context, { 'a.yaml': gateway }), { status: 0, stdout: 'Nothing wrong found.\n', stderr: '' });
});

test('JSON holds all there is to know, and is no failure unless asked for', async (context) => {
  const { status, stdout } = await analyzed(context, { 'a.yaml': lostRoute }, ['-o', 'json']);
  const [message] = JSON.parse(stdout) as Record<string, unknown>[];
  assert.equal(status, 0);
  assert.deepEqual(
    [message?.code, message?.level, message?.origin, message?.reference, message?.path],
    ['IST0101', 'Error', 'VirtualService default/shop', 'a.yaml:4', 'spec.http[0].route[0].destination.host'],
  );
  assert.equal((await analyzed(context, { 'a.yaml': lostRoute }, ['-o', 'json', '--fail'])).status, 1);
});

test('what is suppressed, or below the threshold, does not fail', async (context) => {
  assert.equal((await analyzed(context, { 'a.yaml': lostRoute }, ['-S', 'IST0101=VirtualService default/*'])).status, 0);
  const quiet = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: quiet}\n';
  assert.equal((await analyzed(context, { 'a.yaml': quiet })).status, 0);
  assert.equal((await analyzed(context, { 'a.yaml': quiet }, ['--failure-threshold', 'Info'])).status, 1);
});

test('the settings of the mesh are read from the resources, unless an analyzer is named', async (context) => {
  const settings = `apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data: {mesh: 'ingressControllerMode: "OFF"'}
---
`;
  const pod =
    '---\napiVersion: v1\nkind: Pod\nmetadata: {name: other, namespace: istio-system}\nspec: {containers: [{name: istio-proxy, image: proxy}]}\n';
  assert.equal((await analyzed(context, { 'a.yaml': settings + gateway + pod })).status, 1);
  const named = ['--analyzer', 'gateway.IngressGatewayPortAnalyzer'];
  assert.equal((await analyzed(context, { 'a.yaml': settings + gateway + pod }, named)).status, 0);
});

test('settings that cannot be used are reported with their place', async (context) => {
  const settings = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata: {mesh: "trustDomain: [7]"}\n';
  const { status, stdout } = await analyzed(context, { 'a.yaml': settings });
  assert.equal(status, 1);
  assert.match(stdout, /^Error \[WFT9002\] \(a\.yaml:4\) data\.mesh: trustDomain/);
});

test('a document that cannot be read is a message beside those about the others, in every form', async (context) => {
  const files = { 'a.yaml': lostRoute, 'b.yaml': 'kind: [\n' };
  const text = await analyzed(context, files);
  assert.equal(text.status, 1);
  assert.match(text.stdout, /^Error \[WFT9001\] \(b\.yaml:\d+\) not valid YAML.*\nError \[IST0101\]/);
  const json = await analyzed(context, files, ['-o', 'json']);
  assert.deepEqual(
    (JSON.parse(json.stdout) as { code: string; origin: string }[]).map(({ code, origin }) => `${code} ${origin}`),
    ['WFT9001 b.yaml', 'IST0101 VirtualService default/shop'],
  );
  const batch = await analyzed(context, {}, ['--batch'], `${JSON.stringify({ files: [{ name: 'b.yaml', text: 'kind: [' }] })}\n`);
  assert.equal(JSON.parse(batch.stdout)[0].code, 'WFT9001');
  const exact = await analyzed(context, files, ['-o', 'json', '--analyzer', 'virtualservice.DestinationHostAnalyzer']);
  assert.equal((JSON.parse(exact.stdout) as unknown[]).length, 1);
  assert.match(exact.stderr, /^b\.yaml:\d+:\d+: error: not valid YAML/);
});

test('YAML holds the same as JSON', async (context) => {
  const json = await analyzed(context, { 'a.yaml': lostRoute }, ['-o', 'json']);
  const yaml = await analyzed(context, { 'a.yaml': lostRoute }, ['-o', 'yaml']);
  assert.deepEqual(parse(yaml.stdout), JSON.parse(json.stdout));
});

test('an analyzer that nobody has is wrong usage', async (context) => {
  await assert.rejects(analyzed(context, { 'a.yaml': lostRoute }, ['--analyzer', 'no.Such']), UsageError);
});

test('a request without files, or with one that has no text, is answered with what was expected', async (context) => {
  const requests = [{}, [], null, { files: [null] }, { files: [{ name: 'a' }] }].map((request) => `${JSON.stringify(request)}\n`).join('');
  const { stdout } = await analyzed(context, {}, ['--batch'], requests);
  for (const line of stdout.trim().split('\n')) assert.match(JSON.parse(line).error, /expected/);
});

test('a batch answers one line for each request', async (context) => {
  const requests = [{ files: [{ name: 'x.yaml', text: lostRoute }] }, 7];
  const { stdout } = await analyzed(context, {}, ['--batch'], requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
  const [first, second, ...rest] = stdout.split('\n');
  assert.equal(JSON.parse(first ?? '')[0].reference, 'x.yaml:4');
  assert.match(JSON.parse(second ?? '').error, /expected/);
  assert.deepEqual(rest, ['']);
});

async function analyzed(context: TestContext, files: Readonly<Record<string, string>>, args: readonly string[] = [], stdin = '') {
  const directory = mkdtempSync(join(tmpdir(), 'analyze-'));
  context.after(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const stdout: string[] = [];
  const stderr: string[] = [];
  const status = await run([...Object.keys(files).flatMap((name) => ['-f', name]), ...args], {
    stdin: (async function* () {
      yield stdin;
    })(),
    stdout: { write: (text: string) => stdout.push(text) },
    stderr: { write: (text: string) => stderr.push(text) },
    cwd: directory,
  });
  return { status, stdout: stdout.join(''), stderr: stderr.join('') };
}
