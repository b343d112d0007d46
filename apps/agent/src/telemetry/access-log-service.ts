import { create, type JsonObject, toJson } from '@bufbuild/protobuf';
import type { ServerReadableStream, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import { type NodeJson, parseNode } from '@weft/core/mesh/parse-node';
import type { ProxyNode } from '@weft/core/mesh/proxy-node';
import { NodeSchema } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import {
  AccessLogService,
  type StreamAccessLogsMessage,
  type StreamAccessLogsResponse,
  StreamAccessLogsResponseSchema,
} from '@weft/envoy-api/envoy/service/accesslog/v3/als_pb';
import type { TrafficRecord } from '../api/types.ts';
import { grpcService } from '../xds/grpc-service.ts';
import { readRecord } from './read-record.ts';
import type { WorkloadIndex } from './workload-index.ts';

export interface AccessLogHost {
  readonly now: () => number;
  readonly workloads: () => WorkloadIndex;
  add(records: readonly Omit<TrafficRecord, 'id'>[]): void;
}

type Call = ServerReadableStream<StreamAccessLogsMessage, StreamAccessLogsResponse>;

export const accessLogServiceDefinition = grpcService(AccessLogService);

/** `envoy.service.accesslog.v3.AccessLogService`: the proxies' access records. */
export function createAccessLogService(host: AccessLogHost): UntypedServiceImplementation {
  return {
    streamAccessLogs: (call: Call, callback: sendUnaryData<StreamAccessLogsResponse>) => {
      let node: ProxyNode | null = null;
      call.on('data', ({ identifier, logEntries }: StreamAccessLogsMessage) => {
        if (identifier?.node) node = parseNode(toJson(NodeSchema, identifier.node) as JsonObject as NodeJson);
        if (!node || logEntries.case !== 'httpLogs') return;
        const context = { node, workloads: host.workloads(), now: host.now() };
        host.add(logEntries.value.logEntry.map((entry) => readRecord(entry, context)));
      });
      call.on('error', () => {});
      call.on('end', () => callback(null, create(StreamAccessLogsResponseSchema)));
    },
  };
}
