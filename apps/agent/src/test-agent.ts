import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createTRPCClient, httpLink, type TRPCClient } from '@trpc/client';
import { type AgentOptions, type RunningAgent, startAgent } from './agent.ts';
import type { AppRouter } from './api/router.ts';

export interface TestAgent {
  readonly agent: RunningAgent;
  readonly client: TRPCClient<AppRouter>;
  readonly directory: string;
  readonly dataDirectory: string;
  /** What the agent logged. */
  readonly lines: readonly string[];
  /** Writes a file of the configuration by hand. */
  write(file: string, text: string): void;
  /** Resolves when `holds`, looked at after every change of configuration or proxies. */
  until(holds: () => boolean): Promise<void>;
  /** Stops the agent and starts another on the same directories. */
  restart(): Promise<TestAgent>;
}

/** A mesh of two services and one route between two versions. */
export const smallMesh = `# the shop
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Service
metadata: { name: orders, namespace: shop }
spec: { selector: { app: orders }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: orders-v1, namespace: shop, labels: { app: orders, version: v1 } }
spec: { address: 127.0.0.1, ports: { http: 18081 }, labels: { app: orders, version: v1 }, serviceAccount: orders }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: orders-v2, namespace: shop, labels: { app: orders, version: v2 } }
spec: { address: 127.0.0.1, ports: { http: 18082 }, labels: { app: orders, version: v2 }, serviceAccount: orders }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: orders, namespace: shop }
spec:
  host: orders
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
---
# how orders are shared out
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: orders, namespace: shop }
spec:
  hosts: [orders]
  http:
    - route:
        - destination: { host: orders, subset: v1 }
          weight: 90 # the old one
        - destination: { host: orders, subset: v2 }
          weight: 10
`;

/** An agent in this process on free ports, with directories of its own that go away with the test. */
export async function startTestAgent(
  context: TestContext,
  files: Readonly<Record<string, string>> = { 'mesh.yaml': smallMesh },
  settings: AgentSettings = {},
): Promise<TestAgent> {
  const root = mkdtempSync(join(tmpdir(), 'weft-agent-'));
  const directory = join(root, 'mesh');
  mkdirSync(directory);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return start(context, directory, { dataDirectory: join(root, 'data'), settings });
}

type AgentSettings = Pick<AgentOptions, 'registrationGraceMs'>;

async function start(
  context: TestContext,
  directory: string,
  { dataDirectory, settings }: { readonly dataDirectory: string; readonly settings: AgentSettings },
): Promise<TestAgent> {
  const lines: string[] = [];
  const agent = await startAgent(
    {
      directory,
      dataDirectory,
      bind: '127.0.0.1',
      xdsPort: 0,
      xdsTlsPort: 0,
      apiPort: 0,
      authorityDirectory: null,
      scrapeIntervalMs: 60_000,
      consoleUrl: null,
      gatewayPorts: { http: null, https: null },
      demoUrl: null,
      collectsRecords: false,
      ...settings,
    },
    (level, message) => lines.push(`${level} ${message}`),
  );
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await agent.stop();
  };
  context.after(stop);
  return {
    agent,
    client: createTRPCClient<AppRouter>({ links: [httpLink({ url: `http://127.0.0.1:${agent.apiPort}/api/trpc` })] }),
    directory,
    dataDirectory,
    lines,
    write: (file, text) => writeFileSync(join(directory, file), text),
    until: (holds) => until(agent, holds),
    restart: async () => {
      await stop();
      return start(context, directory, { dataDirectory, settings });
    },
  };
}

function until({ parts }: RunningAgent, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const ends: (() => void)[] = [];
    const look = (): void => {
      if (!holds()) return;
      for (const end of ends.splice(0)) end();
      resolve();
    };
    ends.push(parts.config.subscribe(look), parts.registry.subscribe(look));
    look();
  });
}
