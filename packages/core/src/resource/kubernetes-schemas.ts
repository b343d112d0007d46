import type { KindKey } from './kinds.ts';
import type { SchemaNode } from './schema-node.ts';

const text: SchemaNode = { type: 'string' };
const whole: SchemaNode = { type: 'integer' };
const flag: SchemaNode = { type: 'boolean' };
const texts: SchemaNode = { type: 'array', items: text };
const textMap: SchemaNode = { type: 'object', additionalProperties: text };
const port: SchemaNode = { type: 'integer', minimum: 1, maximum: 65_535 };
const intOrText: SchemaNode = { type: 'int-or-string' };

const open = (properties: Readonly<Record<string, SchemaNode>>): SchemaNode => ({ type: 'object', properties, isOpen: true });
const list = (items: SchemaNode): SchemaNode => ({ type: 'array', items });

const labelSelector = open({ matchLabels: textMap, matchExpressions: list(open({ key: text, operator: text, values: texts })) });
const targetRef = open({ kind: text, name: text, namespace: text });
const loadBalancer = open({ loadBalancer: open({ ingress: list(open({ ip: text, hostname: text })) }) });
const conditions = list(open({ type: text, status: text }));
const probe = open({
  httpGet: open({ path: text, port: intOrText, scheme: text }),
  tcpSocket: open({ port: intOrText }),
  grpc: open({ port: whole }),
});
const container = open({
  name: text,
  image: text,
  args: texts,
  command: texts,
  ports: list(open({ name: text, containerPort: whole, protocol: text })),
  env: list(open({ name: text, value: text })),
  readinessProbe: probe,
  livenessProbe: probe,
  startupProbe: probe,
  volumeMounts: list(open({ name: text, mountPath: text })),
  securityContext: open({ runAsUser: whole, runAsGroup: whole }),
  restartPolicy: text,
});
const podSpec = open({
  containers: list(container),
  initContainers: list(container),
  serviceAccountName: text,
  serviceAccount: text,
  hostNetwork: flag,
  nodeName: text,
  hostname: text,
  subdomain: text,
  securityContext: open({ runAsUser: whole, runAsGroup: whole }),
  volumes: list(open({ name: text })),
});
const template = open({ metadata: open({ labels: textMap, annotations: textMap }), spec: podSpec });
const podController = open({ spec: open({ replicas: whole, selector: labelSelector, serviceName: text, template }) });
const endpointPort = open({ name: text, port: whole, protocol: text, appProtocol: text });
const endpointsAddress = open({ ip: text, hostname: text, nodeName: text, targetRef });
const ingressBackend = open({ service: open({ name: text, port: open({ name: text, number: whole }) }) });

/**
 * Schemas of whole Kubernetes resources, as far as a mesh reads them; other fields are not looked at. Code that reads these fields may rely on their types
 * after validation.
 */
export const kubernetesSchemas: { readonly [K in KindKey]?: SchemaNode } = {
  Service: open({
    spec: open({
      type: text,
      clusterIP: text,
      clusterIPs: texts,
      externalIPs: texts,
      externalName: text,
      loadBalancerIP: text,
      selector: textMap,
      ports: list(open({ name: text, port, protocol: text, appProtocol: text, targetPort: intOrText, nodePort: whole })),
      publishNotReadyAddresses: flag,
      internalTrafficPolicy: text,
      externalTrafficPolicy: text,
      trafficDistribution: text,
      ipFamilies: texts,
      ipFamilyPolicy: text,
    }),
    status: loadBalancer,
  }),
  Pod: open({
    spec: podSpec,
    status: open({ phase: text, podIP: text, podIPs: list(open({ ip: text })), hostIP: text, conditions }),
  }),
  Node: open({ spec: open({ podCIDR: text, providerID: text }), status: open({ addresses: list(open({ type: text, address: text })) }) }),
  EndpointSlice: open({
    addressType: text,
    endpoints: list(
      open({
        addresses: texts,
        conditions: open({ ready: flag, serving: flag, terminating: flag }),
        hostname: text,
        nodeName: text,
        zone: text,
        targetRef,
      }),
    ),
    ports: list(endpointPort),
  }),
  Endpoints: open({
    subsets: list(open({ addresses: list(endpointsAddress), notReadyAddresses: list(endpointsAddress), ports: list(endpointPort) })),
  }),
  Secret: open({ type: text, data: textMap, stringData: textMap }),
  ConfigMap: open({ data: textMap, binaryData: textMap }),
  Deployment: podController,
  StatefulSet: podController,
  DaemonSet: podController,
  ReplicaSet: podController,
  Ingress: open({
    spec: open({
      ingressClassName: text,
      defaultBackend: ingressBackend,
      tls: list(open({ hosts: texts, secretName: text })),
      rules: list(open({ host: text, http: open({ paths: list(open({ path: text, pathType: text, backend: ingressBackend })) }) })),
    }),
    status: loadBalancer,
  }),
};
