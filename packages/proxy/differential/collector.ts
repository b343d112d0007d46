import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromBinary, type Message } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import * as grpc from '@grpc/grpc-js';
import { type StreamAccessLogsMessage, StreamAccessLogsMessageSchema } from '@weft/envoy-api/envoy/service/accesslog/v3/als_pb';
import {
  type ExportLogsServiceRequest,
  ExportLogsServiceRequestSchema,
} from '@weft/envoy-api/opentelemetry/proto/collector/logs/v1/logs_service_pb';
import {
  type ExportTraceServiceRequest,
  ExportTraceServiceRequestSchema,
} from '@weft/envoy-api/opentelemetry/proto/collector/trace/v1/trace_service_pb';

/** A span in Zipkin's JSON. */
interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly name: string;
  readonly kind: string;
  readonly timestamp: number;
  readonly duration: number;
  readonly shared?: boolean;
  readonly localEndpoint?: Readonly<Record<string, unknown>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** A receiver of traces and logs: OTLP over gRPC and HTTP, Zipkin's JSON, and Envoy's access log service. It keeps what it gets, decoded. */
export interface Collector {
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly traces: ExportTraceServiceRequest[];
  readonly logs: ExportLogsServiceRequest[];
  readonly zipkin: ZipkinSpan[];
  readonly accessLogs: StreamAccessLogsMessage[];
  stop(): void;
}

export async function startCollector(): Promise<Collector> {
  const traces: ExportTraceServiceRequest[] = [];
  const logs: ExportLogsServiceRequest[] = [];
  const zipkin: ZipkinSpan[] = [];
  const accessLogs: StreamAccessLogsMessage[] = [];
  const server = new grpc.Server();
  server.addService(unary('/opentelemetry.proto.collector.trace.v1.TraceService/Export', ExportTraceServiceRequestSchema), {
    call: (call: { request: ExportTraceServiceRequest }, done: grpc.sendUnaryData<Buffer>) => {
      traces.push(call.request);
      done(null, Buffer.alloc(0));
    },
  });
  server.addService(unary('/opentelemetry.proto.collector.logs.v1.LogsService/Export', ExportLogsServiceRequestSchema), {
    call: (call: { request: ExportLogsServiceRequest }, done: grpc.sendUnaryData<Buffer>) => {
      logs.push(call.request);
      done(null, Buffer.alloc(0));
    },
  });
  const accessLogService = unary('/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs', StreamAccessLogsMessageSchema, true);
  server.addService(accessLogService, {
    call: (call: grpc.ServerReadableStream<StreamAccessLogsMessage, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      call.on('data', (message: StreamAccessLogsMessage) => accessLogs.push(message));
      call.on('end', () => done(null, Buffer.alloc(0)));
      call.on('error', () => {});
    },
  });
  const grpcPort = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => (error ? reject(error) : resolve(port)));
  });
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (request.url === '/v1/traces') traces.push(fromBinary(ExportTraceServiceRequestSchema, body));
      else if (request.url === '/v1/logs') logs.push(fromBinary(ExportLogsServiceRequestSchema, body));
      else zipkin.push(...(JSON.parse(body.toString()) as ZipkinSpan[]));
      response.end();
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    grpcPort,
    httpPort: (http.address() as AddressInfo).port,
    traces,
    logs,
    zipkin,
    accessLogs,
    stop: () => {
      server.forceShutdown();
      http.close();
      http.closeAllConnections();
    },
  };
}

function unary<T extends Message>(path: string, schema: GenMessage<T>, requestStream = false): grpc.ServiceDefinition {
  return {
    call: {
      path,
      requestStream,
      responseStream: false,
      requestSerialize: () => Buffer.alloc(0),
      requestDeserialize: (bytes: Buffer) => fromBinary(schema, bytes),
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  };
}
