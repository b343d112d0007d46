import { join } from 'node:path';
import { compare } from '../compare.ts';
import { wrk } from '../load.ts';
import { runClient } from '../machine.ts';
import { startOrigin } from '../origin.ts';
import { type BenchContext, oneHop, startPaths } from '../paths.ts';

const client = join(import.meta.dirname, '../handshake-client.ts');

/** A new connection for each request. */
export async function plainConnections(context: BenchContext): Promise<void> {
  const paths = await startPaths(context, oneHop, await startOrigin(context.bench, 'http1'), {});
  await compare(context, paths, 0.8, ({ port }, seconds) => wrk(port, seconds, { connections: 16, headers: ['connection: close'] }));
}

/** A new TLS connection for each request, with a full handshake or resuming the last one's session. */
export async function handshakes(context: BenchContext, isMutual: boolean, mode: 'full' | 'resumed'): Promise<void> {
  const options = { acceptsTls: true, requiresClientCertificate: isMutual };
  const paths = await startPaths(context, oneHop, await startOrigin(context.bench, 'http1'), options);
  const { caFile, certificateFile, keyFile } = context.tls;
  const files = isMutual ? [caFile, certificateFile, keyFile] : [caFile];
  await compare(context, paths, 0.8, ({ port }, seconds) =>
    Number(runClient(process.execPath, [client, String(port), String(seconds), mode, ...files])),
  );
}
