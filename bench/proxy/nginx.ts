import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hop } from './hop.ts';
import { serverName } from './tls-files.ts';

/** Writes the configuration of an nginx that does an HTTP hop and answers the file's name. */
export function writeNginxHop(hop: Hop): string {
  return writeNginx(hop.directory, hop.name, httpBlock(hop));
}

/** Writes the configuration of a single-process nginx with the given contents of `http` and answers the file's name. */
export function writeNginx(directory: string, name: string, http: string): string {
  const file = join(directory, `${name}-nginx.conf`);
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const paths = kinds.map((kind) => `${kind}_temp_path ${directory}/${name}-${kind};`).join(' ');
  const main = `daemon off; master_process off; pid ${directory}/${name}-nginx.pid; error_log /dev/null; events { worker_connections 8192; }`;
  writeFileSync(file, `${main} http { access_log off; keepalive_requests 100000000; keepalive_timeout 1h; ${paths} ${http} }`);
  return file;
}

function httpBlock(hop: Hop): string {
  const isHttp2 = hop.protocol === 'http2';
  const upstream = `upstream origin { server 127.0.0.1:${hop.upstreamPort}; keepalive 512; keepalive_requests 100000000; }`;
  const listen = `listen 127.0.0.1:${hop.listenPort} backlog=4096${hop.acceptsTls ? ' ssl' : ''}${isHttp2 ? ' http2' : ''};`;
  const secure = hop.sendsTls ? 's' : '';
  const pass = isHttp2
    ? `grpc_pass grpc${secure}://origin; grpc_set_header X-Request-Id $request_id;`
    : `proxy_pass http${secure}://origin; ${proxyOptions}`;
  const isSidecar = hop.work === 'sidecar';
  const fields =
    '{"time":"$time_iso8601","method":"$request_method","path":"$request_uri","protocol":"$server_protocol","code":$status,"received":$request_length,"sent":$body_bytes_sent,"duration":$request_time,"agent":"$http_user_agent","id":"$request_id","authority":"$host","upstream":"$upstream_addr"}';
  const log = isSidecar
    ? `log_format json escape=json '${fields}'; access_log ${hop.directory}/${hop.name}-nginx.log json buffer=64k;`
    : '';
  const prefix = hop.protocol === 'http2' ? 'grpc' : 'proxy';
  const denied = ['/internal/', '/debug/'].map((path) => `location ${path} { deny all; }`).join(' ');
  const locations = Array.from({ length: 17 }, (_, index) => `location /svc${index}/ { ${pass} }`).join(' ');
  const body = `client_max_body_size 0; location / { ${pass} } ${isSidecar ? `${denied} ${locations}` : ''}`;
  return `${log} ${upstream} ${hop.sendsTls ? clientTls(hop, prefix) : ''} server { ${listen} ${hop.acceptsTls ? serverTls(hop) : ''} ${body} }`;
}

/** HTTP/1.1 with keep-alive upstream, and bodies streamed both ways. */
const proxyOptions =
  'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Request-Id $request_id; proxy_request_buffering off; proxy_max_temp_file_size 0;';

function serverTls({ tls, requiresClientCertificate }: Hop): string {
  const verify = requiresClientCertificate ? `ssl_client_certificate ${tls.caFile}; ssl_verify_client on;` : '';
  return `ssl_certificate ${tls.certificateFile}; ssl_certificate_key ${tls.keyFile}; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:s:10m; ${verify}`;
}

function clientTls({ tls }: Hop, prefix: string): string {
  const files = `${prefix}_ssl_certificate ${tls.certificateFile}; ${prefix}_ssl_certificate_key ${tls.keyFile}; ${prefix}_ssl_trusted_certificate ${tls.caFile};`;
  return `${files} ${prefix}_ssl_verify on; ${prefix}_ssl_name ${serverName}; ${prefix}_ssl_server_name on; ${prefix}_ssl_protocols TLSv1.2 TLSv1.3; ${prefix}_ssl_session_reuse on;`;
}
