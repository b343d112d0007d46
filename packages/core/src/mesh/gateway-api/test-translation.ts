import { parseYaml } from '../../resource/parse.ts';
import { createResourceSet } from '../../resource/resource-set.ts';
import { withStatus } from './status.ts';
import { translateGatewayApi } from './translate.ts';

const base = `
apiVersion: v1
kind: Namespace
metadata: {name: edge}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {exposed: "true"}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 80}]}
---
`;

/** A Gateway of namespace `edge` with these listeners. */
export function gateway(listeners: string, name = 'edge'): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: edge, generation: 4}
spec: {gatewayClassName: istio, listeners: [${listeners}]}
---
`;
}

/** A route, of namespace `shop` unless the options say otherwise. */
export function route(
  spec: string,
  options: { readonly name?: string; readonly namespace?: string; readonly kind?: string; readonly createdAt?: string } = {},
): string {
  const { name = 'web', namespace = 'shop', kind = 'HTTPRoute', createdAt = '2024-01-01T00:00:00Z' } = options;
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: {name: ${name}, namespace: ${namespace}, generation: 2, creationTimestamp: "${createdAt}"}
spec: ${spec}
---
`;
}

/** What resources, beside those of the test mesh, come to. */
export function translate(yaml: string) {
  const set = createResourceSet(parseYaml(base + yaml, 'test.yaml').resources);
  const translation = translateGatewayApi(set, 'cluster.local');
  return { ...translation, stated: withStatus(set, translation) };
}

type Conditions = readonly {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly observedGeneration: number;
}[];

/** Conditions of the first parent of a route, or of a listener of a Gateway, as `Type=Status/Reason`. */
export function conditions(yaml: string, kind: string, listener?: string): readonly string[] {
  const found = translate(yaml).stated.find((resource) => resource.kind === kind) as
    | {
        status?: {
          parents?: { conditions: Conditions }[];
          listeners?: { name: string; conditions: Conditions }[];
          conditions?: Conditions;
        };
      }
    | undefined;
  const list = listener
    ? found?.status?.listeners?.find(({ name }) => name === listener)?.conditions
    : (found?.status?.parents?.[0]?.conditions ?? found?.status?.conditions);
  return (list ?? []).map(({ type, status, reason }) => `${type}=${status}/${reason}`);
}

/** A listener that takes routes of all namespaces. */
export const open = '{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}';
/** The one backend of most routes. */
export const toWeb = 'backendRefs: [{name: web, port: 80}]';
/** The Gateway `edge` as a parent. */
export const parent = 'parentRefs: [{name: edge, namespace: edge}]';
