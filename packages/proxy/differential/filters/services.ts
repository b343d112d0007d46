import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { create, fromBinary, type JsonObject, toBinary } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { CheckRequestSchema, type CheckResponse, CheckResponseSchema } from '@weft/envoy-api/envoy/service/auth/v3/external_auth_pb';
import {
  RateLimitResponse_Code as Code,
  RateLimitRequestSchema,
  type RateLimitResponse,
  RateLimitResponseSchema,
  RateLimitResponse_RateLimit_Unit as Unit,
} from '@weft/envoy-api/envoy/service/ratelimit/v3/rls_pb';

/** The services behind filters, and an application that shows what it gets. Both sides of a comparison ask the same. */
export interface Services {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly originPort: number;
  /** What services were asked since the last time. */
  take(): unknown[];
  stop(): void;
}

/** Starts a gRPC server for rate limits and authorization, an HTTP one for authorization, and the application. */
export async function startServices(): Promise<Services> {
  let seen: unknown[] = [];
  const see = (what: unknown): void => {
    seen.push(what);
  };
  const server = new grpc.Server();
  server.addService(
    {
      ShouldRateLimit: unary(
        '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit',
        (bytes: Buffer) => fromBinary(RateLimitRequestSchema, bytes),
        (message: RateLimitResponse) => Buffer.from(toBinary(RateLimitResponseSchema, message)),
      ),
    },
    { ShouldRateLimit: rateLimit(see) },
  );
  server.addService(
    {
      Check: unary(
        '/envoy.service.auth.v3.Authorization/Check',
        (bytes: Buffer) => fromBinary(CheckRequestSchema, bytes),
        (message: CheckResponse) => Buffer.from(toBinary(CheckResponseSchema, message)),
      ),
    },
    { Check: authorize(see) },
  );
  const grpcPort = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
  const http = await listen(httpAuthorizer(see));
  const origin = await listen(echo());
  return {
    grpcPort,
    httpPort: portOf(http),
    originPort: portOf(origin),
    take: () => {
      const taken = seen;
      seen = [];
      return taken;
    },
    stop: () => {
      server.forceShutdown();
      for (const each of [http, origin]) {
        each.close();
        each.closeAllConnections();
      }
    },
  };
}

function unary<Request, Response>(path: string, read: (bytes: Buffer) => Request, write: (message: Response) => Buffer) {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: read,
    responseSerialize: write,
    responseDeserialize: () => null,
  };
}

/** The descriptor entry `verdict` says what to answer. */
function rateLimit(see: (what: unknown) => void): grpc.handleUnaryCall<ReturnType<typeof readLimit>, RateLimitResponse> {
  return ({ request }, callback) => {
    const descriptors = request.descriptors.map(({ entries }) => entries.map(({ key, value }) => `${key}=${value}`));
    see({ domain: request.domain, descriptors });
    const verdict = descriptors
      .flat()
      .find((entry) => entry.startsWith('verdict='))
      ?.slice('verdict='.length);
    const answer = (fields: Parameters<typeof create<typeof RateLimitResponseSchema>>[1]): void =>
      callback(null, create(RateLimitResponseSchema, fields));
    const status = (limit: number, unit: Unit, remaining: number, seconds: number, name = '') => ({
      code: Code.OK,
      currentLimit: { requestsPerUnit: limit, unit, name },
      limitRemaining: remaining,
      durationUntilReset: { seconds: BigInt(seconds), nanos: 0 },
    });
    if (verdict === 'over') {
      answer({
        overallCode: Code.OVER_LIMIT,
        statuses: [status(10, Unit.MINUTE, 0, 7), status(100, Unit.HOUR, 50, 70, 'hourly')],
        responseHeadersToAdd: [{ key: 'x-limit', value: 'reached' }],
        rawBody: Buffer.from('slow down'),
      });
    } else if (verdict === 'headers') {
      answer({
        overallCode: Code.OK,
        statuses: [status(10, Unit.SECOND, 4, 1)],
        requestHeadersToAdd: [{ key: 'x-seen-by', value: 'limits' }],
        responseHeadersToAdd: [{ key: 'x-left', value: 'four' }],
      });
    } else if (verdict === 'unknown') answer({ overallCode: Code.UNKNOWN });
    else if (verdict === 'error') callback({ code: grpc.status.INTERNAL, details: 'broken' });
    else if (verdict === 'slow') setTimeout(() => answer({ overallCode: Code.OK }), 400);
    else answer({ overallCode: Code.OK });
  };
}

const readLimit = (bytes: Buffer) => fromBinary(RateLimitRequestSchema, bytes);
const readCheck = (bytes: Buffer) => fromBinary(CheckRequestSchema, bytes);
type CheckFields = Parameters<typeof create<typeof CheckResponseSchema>>[1];

/** The request header `x-authz` says what to answer. */
function authorize(see: (what: unknown) => void): grpc.handleUnaryCall<ReturnType<typeof readCheck>, CheckResponse> {
  return ({ request }, callback) => {
    const http = request.attributes?.request?.http;
    const headers = Object.fromEntries(Object.entries(http?.headers ?? {}).filter(([name]) => !volatile.has(name)));
    see({
      method: http?.method,
      path: http?.path,
      host: http?.host,
      scheme: http?.scheme,
      protocol: http?.protocol,
      size: Number(http?.size ?? 0),
      headers,
      body: http?.body,
      rawBody: Buffer.from(http?.rawBody ?? []).toString(),
      extensions: request.attributes?.contextExtensions,
      metadata: request.attributes?.metadataContext?.filterMetadata,
      principal: request.attributes?.source?.principal,
    });
    const answer = (fields: CheckFields): void => callback(null, create(CheckResponseSchema, fields));
    const header = (key: string, value: string, append?: boolean) => ({
      header: { key, value },
      ...(append === undefined ? {} : { append }),
    });
    switch (http?.headers['x-authz']) {
      case 'deny':
        answer({
          status: { code: grpc.status.PERMISSION_DENIED },
          httpResponse: {
            case: 'deniedResponse',
            value: {
              status: { code: 401 },
              body: 'not you',
              headers: [header('x-reason', 'unknown'), header('WWW-Authenticate', 'Basic')],
            },
          },
        });
        return;
      case 'deny-plain':
        answer({ status: { code: grpc.status.PERMISSION_DENIED } });
        return;
      case 'headers':
        answer({
          httpResponse: {
            case: 'okResponse',
            value: {
              headers: [
                header('x-set', 'new'),
                header('x-appended', 'more', true),
                header('x-absent', 'new', true),
                header('x-user', 'ann'),
                header('x-replaced', 'new', false),
              ],
              headersToRemove: ['x-secret', 'host', ':path'],
              responseHeadersToAdd: [header('x-from-authz', 'yes'), header('x-origin', 'added')],
            },
          },
        });
        return;
      case 'metadata':
        answer({ dynamicMetadata: { user: 'ann' } as JsonObject });
        return;
      case 'error':
        callback({ code: grpc.status.INTERNAL, details: 'broken' });
        return;
      case 'slow':
        setTimeout(() => answer({}), 400);
        return;
      default:
        answer({});
    }
  };
}

/** The last part of the path says what to answer. */
function httpAuthorizer(see: (what: unknown) => void): Server {
  return createServer((request, response) => {
    void read(request).then((body) => {
      const names = Object.keys(request.headers).filter((name) => !volatile.has(name));
      see({ method: request.method, url: request.url, headers: names.sort().map((name) => `${name}: ${request.headers[name]}`), body });
      const verdict = request.url?.split('/').at(-1);
      const headers = { 'x-user': 'ann', 'x-allowed': 'yes', 'x-other': 'no', 'x-appended': 'more', 'www-authenticate': 'Basic' };
      if (verdict === 'deny') response.writeHead(401, headers).end('not you');
      else if (verdict === 'redirect') response.writeHead(302, { location: 'http://login.example.com/' }).end();
      else if (verdict === 'broken') response.writeHead(500).end('broken');
      else if (verdict === 'remove') response.writeHead(200, { 'x-envoy-auth-headers-to-remove': 'x-secret, x-more' }).end();
      else response.writeHead(200, headers).end();
    });
  });
}

/** Headers that differ by time, connection or proxy rather than by meaning. */
const volatile = new Set([
  'x-request-id',
  'x-forwarded-for',
  'x-envoy-internal',
  'x-envoy-expected-rq-timeout-ms',
  'connection',
  'host',
  'date',
]);

function echo(): Server {
  return createServer((request, response) => {
    void read(request).then((body) => {
      const names = Object.keys(request.headers).filter((name) => !volatile.has(name));
      response.writeHead(200, { 'content-type': 'application/json', 'x-origin': 'yes' });
      response.end(JSON.stringify({ url: request.url, headers: names.sort().map((name) => `${name}: ${request.headers[name]}`), body }));
    });
  });
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function listen(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
