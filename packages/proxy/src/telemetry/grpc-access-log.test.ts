import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { StreamAccessLogsMessageSchema } from '@weft/envoy-api/envoy/service/accesslog/v3/als_pb';
import { AuthorityForTest } from '../identity/certificates-for-test.ts';
import { startProxy } from '../proxy.ts';
import type { Bootstrap } from '../xds/bootstrap.ts';

const type = (name: string) => `type.googleapis.com/${name}`;
const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

const listener = {
  name: 'web',
  address: address(0),
  filter_chains: [
    {
      filters: [
        {
          name: 'http',
          typed_config: {
            '@type': type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
            stat_prefix: 'web',
            route_config: {
              virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, direct_response: { status: 204 } }] }],
            },
            http_filters: [{ name: 'router', typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') } }],
            access_log: [
              {
                name: 'als',
                typed_config: {
                  '@type': type('envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig'),
                  common_config: { log_name: 'log', grpc_service: { envoy_grpc: { cluster_name: 'logs' } }, buffer_size_bytes: 0 },
                },
              },
            ],
          },
        },
      ],
    },
  ],
};

const logsCluster = (port: number, root: string) => ({
  name: 'logs',
  connect_timeout: '5s',
  load_assignment: { cluster_name: 'logs', endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }] },
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
  transport_socket: {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': type('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
      sni: 'logs.test',
      common_tls_context: { validation_context: { trusted_ca: { inline_string: root } } },
    },
  },
});

test('a log service is reached through its cluster, with its TLS, and told of the node once a stream', async () => {
  const authority = await AuthorityForTest.create();
  const { key, cert } = await authority.issue({ dns: ['logs.test'] });
  const service = createSecureServer({ key, cert });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  const proxy = await startProxy({
    bootstrap: {
      node: { id: 'me' },
      static_resources: { listeners: [listener], clusters: [logsCluster((service.address() as AddressInfo).port, authority.root)] },
    } as Bootstrap,
    drainTimeMs: 0,
  });
  const opened = once(service, 'stream') as Promise<[ServerHttp2Stream]>;
  for (const path of ['/first', '/second']) await fetch(`http://127.0.0.1:${proxy.listenerPorts().get('web')}${path}`);
  const [stream] = await opened;
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = once(stream, 'end');
  const stopped = proxy.stop();
  await ended;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { endStream: true });
  await stopped;
  service.close();
  const told = framesOf(Buffer.concat(chunks)).map((bytes) => {
    const { identifier, logEntries } = fromBinary(StreamAccessLogsMessageSchema, bytes);
    const paths = logEntries.case === 'httpLogs' ? logEntries.value.logEntry.map(({ request }) => request?.path) : [];
    return { name: identifier?.logName, node: identifier?.node?.id, paths };
  });
  assert.deepEqual(told, [
    { name: 'log', node: 'me', paths: ['/first'] },
    { name: undefined, node: undefined, paths: ['/second'] },
  ]);
});

function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt32BE(at + 1))
    frames.push(bytes.subarray(at + 5, at + 5 + bytes.readUInt32BE(at + 1)));
  return frames;
}
