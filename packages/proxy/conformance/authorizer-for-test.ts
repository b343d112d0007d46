import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import {
  type CheckRequest,
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
} from '@weft/envoy-api/envoy/service/auth/v3/external_auth_pb';

/** A request as one of the two ends saw it; `headers` are lines of `name: value` in order of their names, duplicates joined. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: readonly string[];
}

/** An authorization service (`envoy.service.auth.v3`) that lets everything pass and remembers what it was shown. */
export class AuthorizerForTest {
  readonly seen: SeenRequest[] = [];
  #server: grpc.Server = new grpc.Server();

  /** Answers the port. */
  start(): Promise<number> {
    const check: grpc.handleUnaryCall<CheckRequest, CheckResponse> = ({ request }, callback) => {
      const http = request.attributes?.request?.http;
      const { method = '', path = '', host = '', headers = {} } = http ?? {};
      const pairs = Object.entries(headers).filter(([name]) => !name.startsWith(':'));
      this.seen.push({ method, path, host, headers: linesOf(pairs) });
      callback(null, create(CheckResponseSchema, {}));
    };
    const definition = {
      path: '/envoy.service.auth.v3.Authorization/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: () => Buffer.alloc(0),
      requestDeserialize: (bytes: Buffer) => fromBinary(CheckRequestSchema, bytes),
      responseSerialize: (message: CheckResponse) => Buffer.from(toBinary(CheckResponseSchema, message)),
      responseDeserialize: () => null,
    } as const;
    this.#server.addService({ Check: definition }, { Check: check });
    return new Promise((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

/** What the router adds or a codec owns: nobody is authorized by it. */
const ofTheHop: ReadonlySet<string> = new Set([
  ...[
    'connection',
    'keep-alive',
    'transfer-encoding',
    'content-length',
    'te',
    'host',
    'upgrade',
    'expect',
    'proxy-connection',
    'http2-settings',
  ],
  ...['x-envoy-expected-rq-timeout-ms', 'x-envoy-attempt-count', 'x-envoy-internal'],
]);

export function linesOf(pairs: readonly (readonly [name: string, value: string])[]): string[] {
  const values = new Map<string, string>();
  for (const [name, value] of pairs) {
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  const lines = [...values].flatMap(([name, value]) => (ofTheHop.has(name) ? [] : [`${name}: ${value}`]));
  // Where cookies are cut and put together is the codecs' affair.
  return lines.map((line) => (line.startsWith('cookie:') ? line.replaceAll('; ', ',') : line)).sort();
}
