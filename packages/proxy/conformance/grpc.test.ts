import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { type Hop, startHop } from './hop.ts';

const same = (bytes: Buffer): Buffer => bytes;
const method = (name: string, requestStream: boolean, responseStream: boolean): grpc.MethodDefinition<Buffer, Buffer> => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});
const service = {
  unary: method('Unary', false, false),
  clientStream: method('ClientStream', true, false),
  serverStream: method('ServerStream', false, true),
  both: method('Both', true, true),
};
const messages = 1000;
const payload = Buffer.alloc(16 * 1024, 'x');

/** Writes all messages as fast as the other side takes them, and ends the call. */
function sendAll(call: grpc.ServerWritableStream<Buffer, Buffer> | grpc.ClientWritableStream<Buffer>): void {
  let sent = 0;
  const go = (): void => {
    while (sent < messages) {
      sent++;
      if (!call.write(payload)) {
        call.once('drain', go);
        return;
      }
    }
    call.end();
  };
  go();
}

describe('gRPC passes through two proxies', () => {
  let server: grpc.Server;
  let inner: Hop;
  let outer: Hop;
  let client: grpc.Client;
  let cancelled = (): void => {};
  const wasCancelled = new Promise<void>((resolve) => {
    cancelled = resolve;
  });

  before(async () => {
    server = new grpc.Server();
    server.addService(service, {
      unary(call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) {
        if (String(call.request) === 'fail') {
          const metadata = new grpc.Metadata();
          metadata.set('why-bin', Buffer.from([1, 2, 255]));
          done({ code: grpc.status.FAILED_PRECONDITION, details: 'not — now', metadata });
          return;
        }
        if (String(call.request) === 'never') {
          call.on('cancelled', cancelled);
          return;
        }
        const head = new grpc.Metadata();
        head.set('seen', String(call.metadata.get('asked')[0]));
        call.sendMetadata(head);
        const tail = new grpc.Metadata();
        tail.set('deadline', String(call.getDeadline() !== Number.POSITIVE_INFINITY));
        done(null, call.request, tail);
      },
      clientStream(call: grpc.ServerReadableStream<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) {
        let bytes = 0;
        call.on('data', (message: Buffer) => {
          bytes += message.length;
        });
        call.on('end', () => done(null, Buffer.from(String(bytes))));
      },
      serverStream(call: grpc.ServerWritableStream<Buffer, Buffer>) {
        sendAll(call);
      },
      both(call: grpc.ServerDuplexStream<Buffer, Buffer>) {
        call.on('data', (message: Buffer) => call.write(message));
        call.on('end', () => call.end());
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    inner = await startHop(port, { http2: true });
    outer = await startHop(inner.port, { http2: true });
    client = new grpc.Client(`127.0.0.1:${outer.port}`, grpc.credentials.createInsecure());
  });

  after(async () => {
    client.close();
    await outer.proxy.stop();
    await inner.proxy.stop();
    server.forceShutdown();
  });

  const unary = (request: string, metadata = new grpc.Metadata(), options: grpc.CallOptions = {}) => {
    let call: grpc.ClientUnaryCall | undefined;
    const outcome = new Promise<{ error: grpc.ServiceError | null; answer: Buffer | undefined }>((resolve) => {
      call = client.makeUnaryRequest(service.unary.path, same, same, Buffer.from(request), metadata, options, (error, answer) =>
        resolve({ error, answer }),
      );
    });
    assert.ok(call);
    return { call, outcome };
  };

  test('a unary call brings metadata both ways, and its deadline', async () => {
    const metadata = new grpc.Metadata();
    metadata.set('asked', 'yes');
    const { call, outcome } = unary('hello', metadata, { deadline: Date.now() + 60_000 });
    const [[head], [status]] = (await Promise.all([once(call, 'metadata'), once(call, 'status')])) as [
      [grpc.Metadata],
      [grpc.StatusObject],
    ];
    assert.equal(String((await outcome).answer), 'hello');
    assert.deepEqual(head.get('seen'), ['yes']);
    assert.deepEqual(status.metadata.get('deadline'), ['true']);
  });

  test('a status comes with its details and binary metadata', async () => {
    const { error } = await unary('fail').outcome;
    assert.deepEqual([error?.code, error?.details], [grpc.status.FAILED_PRECONDITION, 'not — now']);
    assert.deepEqual(error?.metadata.get('why-bin'), [Buffer.from([1, 2, 255])]);
  });

  test('a cancelled call is cancelled at the server', async () => {
    const { call, outcome } = unary('never');
    setTimeout(() => call.cancel(), 50);
    assert.equal((await outcome).error?.code, grpc.status.CANCELLED);
    await wasCancelled;
  });

  test('a deadline that passes ends the call', async () => {
    const { error } = await unary('never', new grpc.Metadata(), { deadline: Date.now() + 100 }).outcome;
    assert.equal(error?.code, grpc.status.DEADLINE_EXCEEDED);
  });

  test('a thousand messages go up', async () => {
    const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
      const call = client.makeClientStreamRequest(service.clientStream.path, same, same, (error, value) =>
        error ? reject(error) : resolve(value),
      );
      sendAll(call);
    });
    assert.equal(String(answer), String(messages * payload.length));
  });

  test('a thousand messages come down to a slow reader', async () => {
    const call = client.makeServerStreamRequest(service.serverStream.path, same, same, Buffer.alloc(0));
    let received = 0;
    for await (const message of call) {
      assert.equal((message as Buffer).length, payload.length);
      if (++received % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(received, messages);
  });

  test('a thousand messages go up and come back one by one', async () => {
    const call = client.makeBidiStreamRequest(service.both.path, same, same);
    for (let i = 0; i < messages; i++) {
      call.write(Buffer.from(String(i)));
      const [echo] = (await once(call, 'data')) as [Buffer];
      assert.equal(String(echo), String(i));
    }
    call.end();
    const [status] = (await once(call, 'status')) as [grpc.StatusObject];
    assert.equal(status.code, grpc.status.OK);
  });
});
