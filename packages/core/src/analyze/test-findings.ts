import { defaultMeshConfig, defaultMeshNetworks } from '../resource/default-mesh-config.ts';
import type { MeshConfig } from '../resource/mesh-config.ts';
import { parseYaml } from '../resource/parse.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import { type AnalyzeOptions, analyze } from './analyze.ts';
import type { Message } from './message.ts';

export type TestOptions = Partial<Omit<AnalyzeOptions, 'meshConfig'>> & { readonly meshConfig?: Partial<MeshConfig> };

/** The messages about the resources in a YAML text, for tests. */
export function messagesOf(yaml: string, options: TestOptions = {}): readonly Message[] {
  const { resources, problems } = parseYaml(yaml, 'test.yaml');
  const [problem] = problems;
  if (problem) throw new Error(`line ${problem.line}: ${problem.message}`);
  return analyze(createResourceSet(resources), {
    meshNetworks: defaultMeshNetworks,
    ...options,
    meshConfig: { ...defaultMeshConfig, ...options.meshConfig },
  });
}

/** The same as `CODE Kind namespace/name path`, which is what tests compare. */
export function findings(yaml: string, options: TestOptions = {}): readonly string[] {
  return messagesOf(yaml, options).map(({ code, origin, path }) => `${code} ${origin} ${path}`.trim());
}

/** What one analyzer finds, judged as Istio does. */
export function findingsOf(analyzer: string, yaml: string, options: TestOptions = {}): readonly string[] {
  return findings(yaml, { ...options, analyzers: [analyzer] });
}

/** A Service with one port, `http` unless said otherwise. */
export function serviceYaml(name: string, namespace = 'default', ports = '[{name: http, port: 80, protocol: TCP}]'): string {
  return `---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}}
spec: {selector: {app: ${name}}, ports: ${ports}}
`;
}

/** A Pod with a sidecar. */
export function podYaml(name: string, namespace = 'default', labels = `{app: ${name}}`): string {
  return `---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: ${labels}}
spec: {containers: [{name: app, image: app}, {name: istio-proxy, image: proxy}]}
`;
}

/** A resource of one of Istio's kinds. */
export function istioYaml(kind: string, name: string, spec: string, namespace = 'default'): string {
  const groups: Readonly<Record<string, string>> = {
    AuthorizationPolicy: 'security.istio.io/v1',
    PeerAuthentication: 'security.istio.io/v1',
    RequestAuthentication: 'security.istio.io/v1',
    Telemetry: 'telemetry.istio.io/v1',
    WasmPlugin: 'extensions.istio.io/v1alpha1',
    EnvoyFilter: 'networking.istio.io/v1alpha3',
  };
  return `---
apiVersion: ${groups[kind] ?? 'networking.istio.io/v1'}
kind: ${kind}
metadata: {name: ${name}, namespace: ${namespace}}
spec: ${spec}
`;
}
