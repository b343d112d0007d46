import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { readGroupWorkload } from './operations/list-local-workloads.ts';
import { startTestAgent } from './test-agent.ts';

/** A group of workloads that register themselves, and its service. */
export const groupMesh = `
apiVersion: v1
kind: Service
metadata: { name: billing, namespace: shop }
spec: { selector: { app: billing }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: { name: billing, namespace: shop }
spec:
  metadata:
    labels: { app: billing }
    annotations:
      note: from-group
      proxy.istio.io/config: |
        concurrency: 1
        proxyMetadata: { ISTIO_META_ENABLE_SELF_DISCOVERY: "true" }
        runtimeValues: { some.flag: "true" }
        connectionSettings: { listenerConnectionLimit: 1000, globalDownstreamConnectionLimit: 2000 }
        proxyStatsMatcher: { inclusionPrefixes: [cluster.outbound] }
        extraStatTags: [region]
        envoyMetricsService: { address: "127.0.0.1:9", tcpKeepalive: { time: 60s } }
        statsdUdpAddress: "127.0.0.1:9"
        fileFlushInterval: 2s
        fileFlushMinSizeKb: 16
  probe: { httpGet: { port: 8080 } }
  template: { ports: { http: 8081 }, serviceAccount: billing, weight: 3, locality: r1/z1 }
`;

/** An agent with the group, whose application answers with `status`, and the workload that is to be of it. */
export async function probedGroup(context: TestContext) {
  const application = { status: 503 };
  const app = createServer((_request, response) => response.writeHead(application.status).end()).listen(0, '127.0.0.1');
  await once(app, 'listening');
  context.after(() => app.close());
  const { port } = app.address() as AddressInfo;
  const probed = groupMesh.replace(
    'probe: { httpGet: { port: 8080 } }',
    `probe: { periodSeconds: 1, httpGet: { port: ${port}, host: 127.0.0.1 } }`,
  );
  const injected = '\n---\napiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { istio-injection: enabled } }\n';
  const { agent, until, dataDirectory } = await startTestAgent(context, { 'mesh.yaml': probed + injected }, { registrationGraceMs: 50 });
  const workload = readGroupWorkload(agent.parts, { namespace: 'shop', group: 'billing', address: '127.0.0.9' });
  const registered = () => agent.parts.config.current.mesh().workloadByName.get('shop/billing-127.0.0.9');
  return { agent, application, dataDirectory, registered, until, workload };
}
