import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as dialTls } from 'node:tls';
import { AuthorityForTest, type PairForTest } from '../../src/identity/certificates-for-test.ts';
import { startProxy } from '../../src/proxy.ts';
import type { Bootstrap } from '../../src/xds/bootstrap.ts';
import { findEnvoy, type Running, startEnvoy } from '../envoy.ts';
import { freePorts } from '../free-ports.ts';
import { until } from '../upstream/side.ts';
import { type ConnectionAuthorizer, startConnectionAuthorizer, type Verdict } from './connection-authorizer.ts';
import { connectionBootstrap, connectionSetups } from './connection-setups.ts';

const envoy = findEnvoy();

interface Side {
  readonly ports: Readonly<Record<string, number>>;
  readonly admin: number;
  readonly logs: string;
  readonly proxy: Running;
}

describe('Weft and Envoy ask the same about connections', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
}, () => {
  const directory = mkdtempSync(join(tmpdir(), 'weft-connections-'));
  let authorizer: ConnectionAuthorizer;
  let echo: Server;
  let client: PairForTest;
  const sides: Side[] = [];

  before(async () => {
    authorizer = await startConnectionAuthorizer();
    echo = createServer((socket) => socket.pipe(socket).on('error', () => {}));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    const authority = await AuthorityForTest.create();
    client = await authority.issue({ uris: ['spiffe://test/ns/a/sa/b'] });
    const server = await authority.issue({ uris: ['spiffe://test/ns/a/sa/server'] });
    const names = Object.keys(connectionSetups);
    const start = async (logs: string, run: (bootstrap: object, admin: number) => Promise<Running>): Promise<void> => {
      const [admin = 0, ...free] = await freePorts(names.length + 1);
      const ports = Object.fromEntries(names.map((name, index) => [name, free[index] ?? 0]));
      const { port: origin } = echo.address() as AddressInfo;
      const bootstrap = connectionBootstrap({ ports, admin, logs, origin, authorizer: authorizer.port, server, root: authority.root });
      sides.push({ ports, admin, logs, proxy: await run(bootstrap, admin) });
    };
    await start(join(directory, 'ours'), (bootstrap) => startProxy({ bootstrap: bootstrap as Bootstrap, drainTimeMs: 0 }));
    await start(join(directory, 'theirs'), (bootstrap, admin) => startEnvoy(envoy ?? '', bootstrap, admin));
  });

  after(async () => {
    for (const { proxy } of sides) await proxy.stop();
    authorizer?.stop();
    echo?.close();
    rmSync(directory, { recursive: true });
  });

  /** What a client gets, what the service was asked, what is logged and counted: the same on both sides. */
  async function same(setup: string, verdict: Verdict): Promise<void> {
    authorizer.verdict = verdict;
    const observed: unknown[] = [];
    for (const { ports, admin, logs } of sides) {
      authorizer.take();
      const before = logLines(logs, setup).length;
      const got = await say(setup, ports[setup] ?? 0);
      await until(async () => logLines(logs, setup).length > before);
      const counted = await fetch(`http://127.0.0.1:${admin}/stats?filter=^ext_authz.${setup}`).then((answer) => answer.text());
      observed.push({
        got,
        asked: authorizer.take(),
        logged: logLines(logs, setup).at(-1),
        counted: counted.split('\n').filter(isCompared).sort(),
      });
    }
    assert.deepEqual(observed[0], observed[1]);
  }

  function say(setup: string, port: number): Promise<string> {
    const socket: Socket = connectionSetups[setup]?.isTls
      ? dialTls({ port, host: '127.0.0.1', servername: 'shop.test', rejectUnauthorized: false, ...client })
      : dial({ port, host: '127.0.0.1' });
    return new Promise((resolve) => {
      let got = '';
      socket.on('data', (bytes) => {
        got += bytes.toString();
        if (got === 'hello') socket.end();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(got));
      socket.write('hello');
    });
  }

  for (const setup of Object.keys(connectionSetups))
    for (const verdict of ['ok', 'deny', 'error', 'slow', 'metadata'] as const)
      test(`${setup}: the service answers ${verdict}`, () => same(setup, verdict));
});

/** Envoy counts a connection that is not asked about once for each read of it: how often depends on timing. */
function isCompared(line: string): boolean {
  return line !== '' && !line.endsWith(': 0') && !line.includes('.disabled:');
}

function logLines(directory: string, setup: string): string[] {
  try {
    return readFileSync(`${directory}-${setup}.log`, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
