import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { AuthorityForTest, type PairForTest } from '../identity/certificates-for-test.ts';
import { startProxy } from '../proxy.ts';
import type { RunningProxy } from '../proxy-options.ts';
import type { Bootstrap } from '../xds/bootstrap.ts';

const type = (name: string) => `type.googleapis.com/${name}`;
const inline = (text: string) => ({ inline_string: text });

const exchange = {
  name: 'istio.metadata_exchange',
  typed_config: { '@type': type('envoy.tcp.metadataexchange.config.MetadataExchange'), protocol: 'istio-peer-exchange' },
};
const stats = {
  name: 'istio.stats',
  typed_config: {
    '@type': type('stats.PluginConfig'),
    metrics: [
      {
        name: 'tcp_connections_closed_total',
        dimensions: { caller: 'downstream_peer.workload', destination_app: "'changed'" },
        tags_to_remove: ['response_flags'],
      },
    ],
  },
};

test('a TCP destination learns its caller, and metrics are overridden by what it learnt', async (context) => {
  const authority = await AuthorityForTest.create();
  const pairs = {
    server: await authority.issue({ uris: ['spiffe://cluster.local/ns/shop/sa/db'] }),
    client: await authority.issue({ uris: ['spiffe://cluster.local/ns/web/sa/front'] }),
  };
  const origin = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  context.after(() => origin.close());
  const server = await started(context, 'db', 'INBOUND', portOf(origin), {
    listener: tls('DownstreamTlsContext', pairs.server, authority.root),
  });
  const listening = server.listenerPorts().get('tcp') ?? 0;
  const client = await started(context, 'front', 'OUTBOUND', listening, {
    cluster: tls('UpstreamTlsContext', pairs.client, authority.root),
  });

  const socket = connect(client.listenerPorts().get('tcp') ?? 0, '127.0.0.1');
  socket.write('hello');
  const [echoed] = (await once(socket, 'data')) as [Buffer];
  assert.equal(echoed.toString(), 'hello');
  socket.end();
  await once(socket, 'close');

  const told = await metric(server, 'istio_tcp_connections_opened_total');
  assert.match(told, /reporter="destination",source_workload="front",.*source_principal="spiffe:\/\/cluster\.local\/ns\/web\/sa\/front"/);
  assert.match(told, /destination_workload="db".*request_protocol="tcp",response_flags="-",connection_security_policy="mutual_tls"\} 1$/);
  const closed = await metric(server, 'istio_tcp_connections_closed_total');
  assert.match(closed, /destination_app="changed"/);
  assert.match(closed, /caller="front"\} 1$/);
  assert.doesNotMatch(closed, /response_flags/);
  assert.match(
    await metric(client, 'istio_tcp_sent_bytes_total'),
    /reporter="source".*destination_workload="db".*connection_security_policy="unknown"\} 5$/,
  );
});

function portOf(server: Server): number {
  return (server.address() as { port: number }).port;
}

function tls(kind: string, pair: PairForTest, root: string): object {
  const config = {
    '@type': type(`envoy.extensions.transport_sockets.tls.v3.${kind}`),
    ...(kind.startsWith('Down') && { require_client_certificate: true }),
    common_tls_context: {
      alpn_protocols: ['istio-peer-exchange', 'istio'],
      tls_certificates: [{ certificate_chain: inline(pair.cert), private_key: inline(pair.key) }],
      validation_context: { trusted_ca: inline(root) },
    },
  };
  return { transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: config } };
}

async function started(
  context: { after(run: () => Promise<void>): void },
  workload: string,
  direction: string,
  port: number,
  extra: { readonly listener?: object; readonly cluster?: object },
): Promise<RunningProxy> {
  const tcp = { '@type': type('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'), stat_prefix: 'tcp', cluster: 'next' };
  const chain = { filters: [exchange, stats, { name: 'tcp', typed_config: tcp }], ...extra.listener };
  const address = (to: number) => ({ socket_address: { address: '127.0.0.1', port_value: to } });
  const bootstrap = {
    admin: { address: address(0) },
    node: {
      id: `sidecar~127.0.0.1~${workload}.shop~shop`,
      metadata: { WORKLOAD_NAME: workload, NAMESPACE: 'shop', LABELS: { app: workload } },
    },
    static_resources: {
      listeners: [{ name: 'tcp', traffic_direction: direction, address: address(0), filter_chains: [chain] }],
      clusters: [
        {
          name: 'next',
          type: 'STATIC',
          load_assignment: { cluster_name: 'next', endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }] },
          ...extra.cluster,
        },
      ],
    },
  };
  const proxy = await startProxy({ bootstrap: bootstrap as unknown as Bootstrap, drainTimeMs: 0 });
  context.after(() => proxy.stop());
  await proxy.ready;
  return proxy;
}

/** The one line of a metric, once it is there. */
async function metric(proxy: RunningProxy, name: string): Promise<string> {
  for (let tries = 0; tries < 300; tries++) {
    const text = await fetch(`http://127.0.0.1:${proxy.adminPort}/stats/prometheus`).then((answer) => answer.text());
    const line = text.split('\n').find((each) => each.startsWith(`${name}{`));
    if (line !== undefined) return line;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${name} was never counted`);
}
