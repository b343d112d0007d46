import type { AddressInfo } from 'node:net';
import { create, fromBinary, type JsonObject, toBinary, toJson } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { AttributeContextSchema } from '@weft/envoy-api/envoy/service/auth/v3/attribute_context_pb';
import { CheckRequestSchema, type CheckResponse, CheckResponseSchema } from '@weft/envoy-api/envoy/service/auth/v3/external_auth_pb';

/** What the service is to say next. */
export type Verdict = 'ok' | 'deny' | 'error' | 'slow' | 'metadata';

/** An authorization service for connections, as a gRPC server. */
export interface ConnectionAuthorizer {
  readonly port: number;
  verdict: Verdict;
  /** The questions since the last time, without the ports that differ from one connection to the next. */
  take(): readonly unknown[];
  stop(): void;
}

export async function startConnectionAuthorizer(): Promise<ConnectionAuthorizer> {
  const asked: unknown[] = [];
  const server = new grpc.Server();
  const answers: Readonly<Record<Exclude<Verdict, 'error'>, Parameters<typeof create<typeof CheckResponseSchema>>[1]>> = {
    ok: {},
    slow: {},
    deny: { status: { code: grpc.status.PERMISSION_DENIED } },
    metadata: { dynamicMetadata: { user: 'ann' } as JsonObject },
  };
  const check: grpc.handleUnaryCall<Buffer, CheckResponse> = ({ request }, callback) => {
    const { attributes } = fromBinary(CheckRequestSchema, request);
    const { source, destination, ...rest } = attributes === undefined ? {} : (toJson(AttributeContextSchema, attributes) as Questions);
    asked.push({ ...rest, source: { ...source, address: '' }, destination: { ...destination, address: '' } });
    const { verdict } = authorizer;
    if (verdict === 'error') callback({ code: grpc.status.INTERNAL, details: 'broken' });
    else setTimeout(() => callback(null, create(CheckResponseSchema, answers[verdict])), verdict === 'slow' ? 600 : 0);
  };
  const method = {
    path: '/envoy.service.auth.v3.Authorization/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (message: CheckResponse) => Buffer.from(toBinary(CheckResponseSchema, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(CheckResponseSchema, bytes),
  };
  server.addService({ Check: method }, { Check: check });
  const port = await new Promise<AddressInfo['port']>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const authorizer: ConnectionAuthorizer = {
    port,
    verdict: 'ok',
    take: () => asked.splice(0),
    stop: () => server.forceShutdown(),
  };
  return authorizer;
}

interface Questions {
  readonly source?: object;
  readonly destination?: object;
}
