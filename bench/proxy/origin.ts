import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, loadCore, type Workbench, waitForPort } from './machine.ts';
import { writeNginx } from './nginx.ts';

/** What an origin answers: 1 KiB of text, a 1 MiB file, or a unary gRPC answer over HTTP/2 without TLS. */
export type OriginKind = 'http1' | 'http1-large' | 'http2';

/** Starts an nginx on the load core that answers without reading anything but a file, and resolves with its port. */
export async function startOrigin(bench: Workbench, kind: OriginKind): Promise<number> {
  const port = await freePort();
  const small = `location / { return 200 "${'x'.repeat(1024)}"; }`;
  const locations: Readonly<Record<OriginKind, string>> = {
    http1: small,
    'http1-large': `root ${bench.directory}; client_max_body_size 0; sendfile on; tcp_nopush off; ${small} location /large { } location /upload { ${readBody(port)} }`,
    http2: `location / { default_type application/grpc; add_header grpc-status 0; return 200 "${'x'.repeat(64)}"; }`,
  };
  if (kind === 'http1-large') writeFileSync(join(bench.directory, 'large'), 'x'.repeat(1024 * 1024));
  const server = `server { listen 127.0.0.1:${port} backlog=4096${kind === 'http2' ? ' http2' : ''}; ${locations[kind]} }`;
  bench.start(loadCore, 'nginx', ['-c', writeNginx(bench.directory, `origin-${kind}`, server)]);
  await waitForPort(port);
  return port;
}

/** Reads the whole body into memory before it answers; `return` alone would answer first and read after. */
function readBody(port: number): string {
  return `client_body_buffer_size 2m; proxy_pass http://127.0.0.1:${port}/; proxy_pass_request_body off; proxy_method GET; proxy_set_header Content-Length "";`;
}
