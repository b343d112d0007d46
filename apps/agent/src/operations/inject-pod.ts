import { annotatedProxyConfig, effectiveProxyConfig } from '@weft/core/mesh/effective-proxy-config';
import type { ProxyConfig } from '@weft/core/resource/kinds';
import type { MeshConfig } from '@weft/core/resource/mesh-config';
import type { ProxyConfigSettings } from '@weft/core/resource/proxy-config';
import { rewriteProbes, type Written } from './inject-probes.ts';

export interface InjectSettings {
  readonly meshConfig: MeshConfig;
  readonly proxyConfigs: readonly ProxyConfig[];
  /** Image of the proxy and of the container that sets up redirection. */
  readonly image: string;
  readonly namespace: string;
  /** Name of what makes the pod, for workloads without an app label. */
  readonly workloadName: string;
}

type Texts = Readonly<Record<string, string>>;

const ignoredNamespaces: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']);
const traffic = 'traffic.sidecar.istio.io/';
const statusName = 'sidecar.istio.io/status';

/** Whether a pod gets a sidecar: not on the host's network, not in system namespaces, and unless its label, else its annotation, says no. */
function isInjectable(pod: Written, namespace: string): boolean {
  const { labels, annotations } = metadataOf(pod);
  if ((pod.spec as Written | undefined)?.hostNetwork === true || ignoredNamespaces.has(namespace)) return false;
  const asked = labels['sidecar.istio.io/inject'] ?? annotations['sidecar.istio.io/inject'];
  return asked === undefined || ['', 'true', 'y', 'yes', 'on'].includes(String(asked).toLowerCase());
}

/** A pod, or the template of one, with its sidecar as a native one; a pod that has been injected before stays as it is. */
export function injectPod(pod: Written, settings: InjectSettings): Written {
  const { metadata, labels, annotations } = metadataOf(pod);
  if (annotations[statusName] !== undefined || !isInjectable(pod, settings.namespace)) return pod;
  const spec = (pod.spec ?? {}) as Written;
  const isProxy = ({ name }: Written): boolean => name === 'istio-proxy';
  const containers = listOf(spec.containers);
  const initContainers = listOf(spec.initContainers);
  const own = [...containers, ...initContainers].find(isProxy) ?? {};
  const others = containers.filter((container) => !isProxy(container));
  const { containers: apps, probers } = asksThroughSidecar(annotations) ? rewriteProbes(others) : { containers: others, probers: {} };
  const canonicalName = canonical(
    labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? labels.app ?? settings.workloadName,
  );
  const revision = canonical(
    labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? labels.version ?? 'latest',
  );
  const config = effectiveProxyConfig(settings.proxyConfigs, settings.meshConfig, {
    namespace: settings.namespace,
    labels,
    own: annotatedProxyConfig(annotations),
  });
  const added = volumes().filter(({ name }) => !listOf(spec.volumes).some((volume) => volume.name === name));
  const mode = annotations['sidecar.istio.io/interceptionMode'] ?? config.interceptionMode ?? 'REDIRECT';
  // Without interception there is nothing to set up, and the workload needs no rights on its network.
  const setup = mode === 'NONE' ? [] : [initContainer(annotations, settings, mode)];
  const status = {
    initContainers: [...setup.map(({ name }) => name), 'istio-proxy'],
    containers: null,
    volumes: added.map(({ name }) => name),
    imagePullSecrets: null,
    revision: 'default',
  };
  return {
    ...pod,
    metadata: {
      ...metadata,
      labels: {
        ...labels,
        'security.istio.io/tlsMode': labels['security.istio.io/tlsMode'] ?? 'istio',
        'service.istio.io/canonical-name': canonicalName,
        'service.istio.io/canonical-revision': revision,
      },
      annotations: { ...annotations, [statusName]: JSON.stringify(status) },
    },
    spec: {
      ...spec,
      initContainers: [
        ...setup,
        mergeContainer(proxyContainer(apps, { annotations, probers, canonicalName, settings, config }), own),
        ...initContainers.filter((container) => !isProxy(container) && container.name !== 'istio-init'),
      ],
      containers: apps,
      volumes: [...listOf(spec.volumes), ...added],
    },
  };
}

/** Whether the sidecar asks the application how it is, which an annotation can turn off. */
function asksThroughSidecar(annotations: Texts): boolean {
  return !/^(0|[fF]|false|False|FALSE)$/.test(annotations['sidecar.istio.io/rewriteAppHTTPProbers'] ?? '');
}

function initContainer(annotations: Texts, { image }: InjectSettings, mode: string): Written {
  const of = (name: string, otherwise: string): string => annotations[`${traffic}${name}`] ?? otherwise;
  const excluded = ['15090', '15021', ...of('excludeInboundPorts', '').split(','), '15020'].filter(Boolean).join(',');
  const optional = [
    ['-o', of('excludeOutboundPorts', '')],
    ['-q', of('includeOutboundPorts', '')],
  ].flatMap(([flag = '', value = '']) => (value === '' ? [] : [flag, value]));
  const ranges = ['-i', of('includeOutboundIPRanges', '*'), '-x', of('excludeOutboundIPRanges', '')];
  return {
    name: 'istio-init',
    image,
    args: [
      'istio-iptables',
      '-p',
      '15001',
      '-z',
      '15006',
      '-u',
      '1337',
      '-m',
      mode,
      ...ranges,
      '-b',
      of('includeInboundPorts', '*'),
      '-d',
      excluded,
      ...optional,
    ],
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { add: ['NET_ADMIN', 'NET_RAW'], drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: false,
      runAsGroup: 0,
      runAsNonRoot: false,
      runAsUser: 0,
    },
  };
}

function proxyContainer(
  apps: readonly Written[],
  {
    annotations,
    probers,
    canonicalName,
    settings,
    config,
  }: {
    readonly annotations: Texts;
    readonly probers: Written;
    readonly canonicalName: string;
    readonly settings: InjectSettings;
    readonly config: ProxyConfigSettings;
  },
): Written {
  const { image, meshConfig } = settings;
  const discovery = config.discoveryAddress ?? 'istiod.istio-system.svc:15012';
  const field = (name: string, fieldPath: string): Written => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const text = (name: string, value: unknown): Written => ({ name, value: String(value) });
  const ports = apps.flatMap((app) => listOf(app.ports));
  return {
    name: 'istio-proxy',
    image: annotations['sidecar.istio.io/proxyImage'] ?? ofType(image, config.image?.imageType),
    restartPolicy: 'Always',
    args: [
      'proxy',
      'sidecar',
      '--domain',
      '$(POD_NAMESPACE).svc.cluster.local',
      '--proxyLogLevel=warning',
      '--log_output_level=default:info',
      ...(config.concurrency ? ['--concurrency', String(config.concurrency)] : []),
    ],
    ports: [{ name: 'http-envoy-prom', containerPort: 15_090, protocol: 'TCP' }],
    env: [
      text('PILOT_CERT_PROVIDER', 'istiod'),
      text('CA_ADDR', discovery),
      field('POD_NAME', 'metadata.name'),
      field('POD_NAMESPACE', 'metadata.namespace'),
      field('INSTANCE_IP', 'status.podIP'),
      field('SERVICE_ACCOUNT', 'spec.serviceAccountName'),
      field('HOST_IP', 'status.hostIP'),
      text('PROXY_CONFIG', JSON.stringify(differing(config, meshConfig.defaultConfig))),
      text('ISTIO_META_POD_PORTS', JSON.stringify(ports)),
      text('ISTIO_META_APP_CONTAINERS', apps.map(({ name }) => name).join(',')),
      text('ISTIO_META_CLUSTER_ID', 'Kubernetes'),
      text('ISTIO_META_INTERCEPTION_MODE', annotations['sidecar.istio.io/interceptionMode'] ?? config.interceptionMode ?? 'REDIRECT'),
      text('ISTIO_META_WORKLOAD_NAME', settings.workloadName || canonicalName),
      text('ISTIO_META_MESH_ID', meshConfig.trustDomain),
      text('TRUST_DOMAIN', meshConfig.trustDomain),
      ...(Object.keys(probers).length === 0 ? [] : [text('ISTIO_KUBE_APP_PROBERS', JSON.stringify(probers))]),
      ...Object.entries(config.proxyMetadata ?? {}).map(([name, value]) => text(name, value)),
    ],
    readinessProbe: {
      httpGet: { path: '/healthz/ready', port: 15_021 },
      initialDelaySeconds: 0,
      periodSeconds: 15,
      timeoutSeconds: 3,
      failureThreshold: 4,
    },
    startupProbe: {
      httpGet: { path: '/healthz/ready', port: 15_021 },
      initialDelaySeconds: 0,
      periodSeconds: 1,
      timeoutSeconds: 3,
      failureThreshold: 600,
    },
    resources: {
      requests: { cpu: annotations['sidecar.istio.io/proxyCPU'] ?? '100m', memory: annotations['sidecar.istio.io/proxyMemory'] ?? '128Mi' },
      limits: {
        cpu: annotations['sidecar.istio.io/proxyCPULimit'] ?? '2000m',
        memory: annotations['sidecar.istio.io/proxyMemoryLimit'] ?? '1024Mi',
      },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsGroup: 1337,
      runAsNonRoot: true,
      runAsUser: 1337,
    },
    volumeMounts: [
      { name: 'workload-socket', mountPath: '/var/run/secrets/workload-spiffe-uds' },
      { name: 'istiod-ca-cert', mountPath: '/var/run/secrets/istio' },
      { name: 'istio-data', mountPath: '/var/lib/istio/data' },
      { name: 'istio-envoy', mountPath: '/etc/istio/proxy' },
      { name: 'istio-token', mountPath: '/var/run/secrets/tokens' },
      { name: 'istio-podinfo', mountPath: '/etc/istio/pod' },
    ],
  };
}

/** The settings that are not the mesh's, which the proxy is told anyway. */
function differing(config: ProxyConfigSettings, standard: ProxyConfigSettings): ProxyConfigSettings {
  const known: Readonly<Record<string, unknown>> = { ...standard };
  return Object.fromEntries(Object.entries(config).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(known[name])));
}

/** The variant of an image, as its tag ends: `proxyv2:1.29.0-distroless`. */
function ofType(image: string, type: string | undefined): string {
  const tag = image.slice(image.lastIndexOf('/') + 1).indexOf(':');
  if (!type || type === 'default' || tag < 0) return image;
  return `${image.replace(/-(?:debug|distroless)$/, '')}-${type}`;
}

function volumes(): readonly Written[] {
  const info = (path: string): Written => ({ path, fieldRef: { fieldPath: `metadata.${path}` } });
  const token = { serviceAccountToken: { audience: 'istio-ca', expirationSeconds: 43_200, path: 'istio-token' } };
  return [
    { name: 'workload-socket', emptyDir: {} },
    { name: 'istio-envoy', emptyDir: { medium: 'Memory' } },
    { name: 'istio-data', emptyDir: {} },
    { name: 'istio-podinfo', downwardAPI: { items: [info('labels'), info('annotations')] } },
    { name: 'istio-token', projected: { sources: [token] } },
    { name: 'istiod-ca-cert', configMap: { name: 'istio-ca-root-cert' } },
  ];
}

/** What the pod says about its own `istio-proxy` goes over ours; variables and mounts are merged by name. */
function mergeContainer(base: Written, own: Written): Written {
  const { image, ...said } = own;
  const byName = (field: string, key: string): readonly Written[] => {
    const wanted = listOf(own[field]);
    return [...listOf(base[field]).filter((item) => !wanted.some((each) => each[key] === item[key])), ...wanted];
  };
  return {
    ...base,
    ...said,
    image: typeof image === 'string' && image !== 'auto' ? image : base.image,
    env: byName('env', 'name'),
    volumeMounts: byName('volumeMounts', 'mountPath'),
    ports: byName('ports', 'containerPort'),
  };
}

/** A label's value: at most 63 characters, and none but letters and digits at its end. */
function canonical(name: string): string {
  return name.slice(0, 63).replace(/[._-]+$/, '');
}

function metadataOf(pod: Written): { readonly metadata: Written; readonly labels: Texts; readonly annotations: Texts } {
  const metadata = (pod.metadata ?? {}) as Written;
  return { metadata, labels: (metadata.labels ?? {}) as Texts, annotations: (metadata.annotations ?? {}) as Texts };
}

function listOf(value: unknown): readonly Written[] {
  return Array.isArray(value) ? value : [];
}
