import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask, type ReadinessProbe } from '@weft/proxy/xds/readiness-probe';
import { WorkloadHealth } from '@weft/proxy/xds/workload-health';
import type { LocalWorkload } from '../api/config-types.ts';
import { mintToken } from '../ca/tokens.ts';
import type { Log } from '../log.ts';
import { startPlaintextServer } from '../xds/server.ts';
import { DiscoveryRelay, relayedDefinition } from './discovery-relay.ts';
import { envoyArguments, envoyBootstrap } from './envoy-bootstrap.ts';
import { createSecretService, secretServiceDefinition } from './secret-service.ts';
import { WorkloadSecrets } from './workload-secrets.ts';

export interface EnvoySidecarOptions {
  /** The Envoy to run. */
  readonly path: string;
  readonly workload: LocalWorkload;
  readonly adminPort: number;
  /** The agent's plaintext xDS port. */
  readonly xdsPort: number;
  /** Where this process serves the Envoy; 0 for a free port. */
  readonly sdsPort: number;
  readonly tokenKey: Uint8Array;
  readonly certificateTtlSeconds: number;
  /** Where the Envoy's bootstrap is written. */
  readonly directory: string;
  readonly isDelta: boolean;
  readonly log: Log;
  /** Takes what the Envoy writes. */
  readonly write: (text: string) => void;
}

export interface EnvoySidecar {
  /** Exit code of the Envoy; 3 when it could not be started. */
  readonly ended: Promise<number>;
  stop(): void;
}

const tokenTtlSeconds = 3_600;

/** Runs an Envoy beside a workload, and does for it what Istio's agent does: certificates, configuration, and word of the application's health. */
export async function startEnvoySidecar(options: EnvoySidecarOptions): Promise<EnvoySidecar> {
  const { workload, xdsPort, tokenKey, certificateTtlSeconds, log } = options;
  const caAddress = `127.0.0.1:${xdsPort}`;
  const secrets = new WorkloadSecrets({ caAddress, tokenKey, subject: workload, ttlSeconds: certificateTtlSeconds, log, now: Date.now });
  const relay = new DiscoveryRelay({ address: caAddress, token: () => mintToken(tokenKey, workload, tokenTtlSeconds) });
  const server = await startPlaintextServer(
    [
      { definition: secretServiceDefinition, implementation: createSecretService(secrets) },
      { definition: relayedDefinition, implementation: relay.implementation },
    ],
    '127.0.0.1',
    options.sdsPort,
  );
  await secrets.renew();
  const envoy = startEnvoy(options, server.port);
  const health = watchHealth(options, relay);
  const ended = envoy.ended.finally(() => {
    health?.stop();
    secrets.stop();
    relay.close();
    server.stop();
  });
  return { ended, stop: envoy.stop };
}

/** An application is well when its probe says so, and only behind an Envoy that is ready. */
function watchHealth({ workload, adminPort }: EnvoySidecarOptions, relay: DiscoveryRelay): WorkloadHealth | null {
  const probe = workload.registration?.readinessProbe as ReadinessProbe | null | undefined;
  if (!probe) return null;
  const ready: ReadinessProbe = { httpGet: { host: '127.0.0.1', port: adminPort, path: '/ready' } };
  return new WorkloadHealth(
    probe,
    (problem) => relay.tellHealth(problem),
    async () => (await ask(ready)) ?? ask(probe),
  );
}

function startEnvoy(options: EnvoySidecarOptions, companion: number): EnvoySidecar {
  const { path, workload, adminPort: admin, isDelta, directory, write } = options;
  const file = join(directory, `${workload.namespace}-${workload.name}.json`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify(envoyBootstrap(workload, { admin, companion, isDelta })), { mode: 0o600 });
  const fixed = ['-c', file, '--use-dynamic-base-id', '-l', 'warn', '--drain-time-s', '1'];
  const child = spawn(path, [...fixed, ...envoyArguments(workload.proxyConfig)], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => write(chunk.toString('utf8')));
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      write(`weft sidecar: cannot start ${path}: ${error.message}\n`);
      resolve(3);
    });
    child.once('exit', (code) => resolve(code ?? 0));
  });
  return { ended: ended.finally(() => rmSync(file, { force: true })), stop: () => void child.kill('SIGTERM') };
}
