import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hop } from './hop.ts';

/** Writes the configuration of a HAProxy that does the hop and answers the file's name. It keeps no access log: it can write none to a file. */
export function writeHaproxyHop(hop: Hop): string {
  const file = join(hop.directory, `${hop.name}-haproxy.cfg`);
  const isHttp2 = hop.protocol === 'http2';
  const verify = hop.requiresClientCertificate ? ` ca-file ${hop.tls.caFile} verify required` : '';
  const bindTls = hop.acceptsTls ? ` ssl crt ${hop.tls.bundleFile}${verify} alpn ${isHttp2 ? 'h2' : 'http/1.1'}` : '';
  const serverTls = ` ssl crt ${hop.tls.bundleFile} ca-file ${hop.tls.caFile} verify required alpn ${isHttp2 ? 'h2' : 'http/1.1'}`;
  const lines = [
    'global',
    '  nbthread 1',
    '  maxconn 8000',
    'defaults',
    `  mode ${hop.protocol === 'tcp' ? 'tcp' : 'http'}`,
    '  timeout connect 5s',
    '  timeout client 1h',
    '  timeout server 1h',
    'frontend in',
    `  bind 127.0.0.1:${hop.listenPort} backlog 4096${bindTls}${isHttp2 && !hop.acceptsTls ? ' proto h2' : ''}`,
    ...(hop.protocol === 'tcp' ? [] : ['  http-request set-header x-request-id %[uuid()]']),
    ...(hop.work === 'sidecar' ? sidecarRules() : []),
    '  default_backend origin',
    'backend origin',
    ...(hop.protocol === 'tcp' ? [] : ['  http-reuse always']),
    `  server origin 127.0.0.1:${hop.upstreamPort}${hop.sendsTls ? serverTls : ''}${isHttp2 && !hop.sendsTls ? ' proto h2' : ''}`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

function sidecarRules(): string[] {
  return [
    '  http-request deny if { path_beg /internal/ }',
    '  http-request deny if { path_beg /debug/ }',
    ...Array.from({ length: 17 }, (_, index) => `  use_backend origin if { path_beg /svc${index}/ }`),
  ];
}
