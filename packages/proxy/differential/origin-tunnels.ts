import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { SeenRequest } from './seen-request.ts';

/** Which requests with an Upgrade header the application takes for upgrades. */
export const isTunnelRequest = ({ url }: IncomingMessage): boolean => url === '/echo' || url === '/refuse';

/**
 * Has an application take upgrades at `/echo` and CONNECT: what comes is told back in capitals, until `bye`. With `x-refuse: N`, and at
 * `/refuse`, it answers N or 403 instead.
 */
export function takeTunnels(server: Server, record: (seen: SeenRequest) => void): void {
  const take = (request: IncomingMessage, socket: Socket, first: Buffer): void => {
    const seen = { method: request.method ?? '', url: request.url ?? '', headers: request.rawHeaders, body: '', trailers: [] };
    record(seen);
    socket.on('error', () => socket.destroy());
    const status = request.headers['x-refuse'] ?? (request.url === '/refuse' ? '403' : null);
    if (status !== null) {
      socket.end(`HTTP/1.1 ${String(status)} Refused\r\nX-Origin: yes\r\nContent-Length: 7\r\nConnection: close\r\n\r\nrefused`);
      return;
    }
    const { upgrade } = request.headers;
    const accepted = upgrade === undefined ? '200 Fine' : '101 Switching Protocols';
    const named = upgrade === undefined ? '' : `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
    socket.write(`HTTP/1.1 ${accepted}\r\nX-Origin: yes\r\n${named}\r\n`);
    const echo = (bytes: Buffer): void => {
      seen.body += bytes.toString('latin1');
      socket.write(bytes.toString('latin1').toUpperCase(), 'latin1');
      if (seen.body.endsWith('bye')) socket.end();
    };
    if (first.length > 0) echo(first);
    socket.on('data', echo);
    socket.on('end', () => socket.end());
  };
  server.on('upgrade', take);
  server.on('connect', take);
}
