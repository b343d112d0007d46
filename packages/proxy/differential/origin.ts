import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isTunnelRequest, takeTunnels } from './origin-tunnels.ts';
import type { SeenRequest } from './seen-request.ts';

/** An application that records requests and answers as their path says. */
export interface Origin {
  readonly port: number;
  /** Takes what was seen since the last time. */
  take(): SeenRequest[];
  stop(): void;
}

/**
 * `/status/N` answers N; `/flaky/N/S` answers S the first N times; `/slow/MS` waits; `/reset` and `/close` break the connection before an
 * answer; `/half` breaks it within the body; `/chunked` streams; `/headers` answers with odd headers; `/trailers` with trailers; `/grpctrailers` as a gRPC service; everything else is echoed.
 */
export async function startOrigin(): Promise<Origin> {
  let seen: SeenRequest[] = [];
  const flaky = new Map<string, number>();
  const server: Server = createServer({ shouldUpgradeCallback: isTunnelRequest }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = request.url ?? '';
      seen.push({
        method: request.method ?? '',
        url,
        headers: request.rawHeaders,
        body: Buffer.concat(chunks).toString(),
        trailers: request.rawTrailers,
      });
      const [, verb = '', first = '', second = ''] = url.split('?')[0]?.split('/') ?? [];
      switch (verb) {
        case 'status':
          response.writeHead(Number(first), Number(first) === 204 ? { 'x-origin': 'yes' } : { 'x-origin': 'yes', 'content-length': 4 });
          response.end(Number(first) === 204 ? '' : 'body');
          return;
        case 'flaky': {
          const count = (flaky.get(url) ?? 0) + 1;
          flaky.set(url, count);
          response.writeHead(count > Number(first) ? 200 : Number(second));
          response.end(`try ${count}`);
          return;
        }
        case 'slow':
          setTimeout(() => response.end('slow'), Number(first));
          return;
        case 'reset':
          request.socket.resetAndDestroy();
          return;
        case 'close':
          request.socket.destroy();
          return;
        case 'half':
          response.writeHead(200, { 'content-length': 100 });
          response.write('half');
          setTimeout(() => request.socket.destroy(), 20);
          return;
        case 'chunked':
          response.write('ab');
          setTimeout(() => response.end('cd'), 10);
          return;
        case 'headers':
          response.setHeader('x-origin', 'yes');
          response.setHeader('X-Mixed-Case', 'Kept');
          response.setHeader('set-cookie', ['a=1', 'b=2']);
          response.setHeader('server', 'origin');
          response.setHeader('x-envoy-upstream-canary', 'true');
          response.end('headers');
          return;
        case 'trailers':
          response.writeHead(200, { trailer: 'x-trailer' });
          response.write('body');
          response.addTrailers({ 'X-Trailer': 'yes', 'x-other': 'too' });
          response.end();
          return;
        case 'grpctrailers':
          response.writeHead(200, { 'content-type': 'application/grpc', trailer: 'grpc-status' });
          response.write('\0\0\0\0\x02yo');
          response.addTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' });
          response.end();
          return;
        case 'grpc':
          response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': first });
          response.end();
          return;
        default:
          response.end(`echo ${request.method} ${url}`);
      }
    });
  });
  takeTunnels(server, (request) => seen.push(request));
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    take: () => {
      const taken = seen;
      seen = [];
      return taken;
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
