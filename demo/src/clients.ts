import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Client, credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** Stock levels over gRPC. */
export interface StockClient {
  available(sku: string): Promise<number>;
  close(): void;
}

/** An append-only ledger over one TCP connection, a line a record. */
export interface Ledger {
  append(record: string): Promise<string>;
  close(): void;
}

/** The shop's protobuf package, loaded from `proto/inventory.proto`. */
export const shopApi = (): InventoryApi => {
  const definition = loadSync(join(import.meta.dirname, '../proto/inventory.proto'));
  return (loadPackageDefinition(definition) as unknown as { weft: { demo: { v1: { Inventory: InventoryApi } } } }).weft.demo.v1.Inventory;
};

type InventoryApi = (new (
  address: string,
  channel: ReturnType<typeof credentials.createInsecure>,
  options: { readonly 'grpc.default_authority': string },
) => Client & {
  Check(request: object, options: object, done: (error: ServiceError | null, reply: { available: number }) => void): void;
}) & {
  readonly service: Parameters<import('@grpc/grpc-js').Server['addService']>[0];
};

/** A gRPC client of the inventory, through the sidecar's egress listener on `port`. */
export function stockClient(port: number): StockClient {
  const Api = shopApi();
  // The listener is on loopback, but the request must name the service: routes go by its host.
  const authority = { 'grpc.default_authority': `inventory.data.svc.cluster.local:${port}` };
  const client = new Api(`127.0.0.1:${port}`, credentials.createInsecure(), authority);
  return {
    available: (sku) =>
      new Promise((resolve, reject) => {
        client.Check({ sku }, { deadline: Date.now() + 10_000 }, (error, reply) => (error ? reject(error) : resolve(reply.available)));
      }),
    close: () => client.close(),
  };
}

/** A client of the ledger, through the sidecar's egress listener on `port`. Connects when needed and again after a break. */
export function ledgerClient(port: number): Ledger {
  let socket: Socket | null = null;
  let waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  let rest = '';

  const fail = (error: Error): void => {
    const failed = waiting;
    waiting = [];
    socket = null;
    rest = '';
    for (const each of failed) each.reject(error);
  };
  const open = (): Socket => {
    const opened = connect(port, '127.0.0.1');
    opened.setEncoding('utf8');
    opened.on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) waiting.shift()?.resolve(line);
    });
    opened.on('error', (error) => socket === opened && fail(error));
    opened.on('close', () => socket === opened && fail(new Error('the ledger closed the connection')));
    return opened;
  };
  return {
    append: (record) =>
      new Promise((resolve, reject) => {
        socket ??= open();
        waiting.push({ resolve, reject });
        socket.write(`${record.replaceAll('\n', ' ')}\n`);
      }),
    close: () => socket?.destroy(),
  };
}
