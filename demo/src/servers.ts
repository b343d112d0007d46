import { createServer, type Server as TcpServer } from 'node:net';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { shopApi } from './clients.ts';

/** Starts the gRPC inventory on a loopback port. */
export function startInventory(port: number): Promise<GrpcServer> {
  const server = new GrpcServer();
  server.addService(shopApi().service, {
    Check: (call: { request: { sku: string } }, done: (error: null, reply: object) => void) =>
      done(null, { sku: call.request.sku, available: call.request.sku.length * 3 }),
  });
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve(server)));
  });
}

/** Starts the ledger on a loopback port: every line is answered with its number. */
export function startLedger(port: number): Promise<TcpServer> {
  let records = 0;
  const server = createServer((socket) => {
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = (lines.pop() ?? '').slice(-1024);
      for (const _ of lines) socket.write(`entry ${++records}\n`);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
