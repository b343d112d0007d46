import { parseYaml } from '../parse.ts';
import type { Validity } from '../problem.ts';
import { validateResource } from '../validate.ts';

/** The API versions that tests write resources in, by kind; other kinds are of `networking.istio.io/v1`. */
export const apiVersions: Readonly<Record<string, string>> = {
  PeerAuthentication: 'security.istio.io/v1',
  RequestAuthentication: 'security.istio.io/v1',
  AuthorizationPolicy: 'security.istio.io/v1',
  Telemetry: 'telemetry.istio.io/v1',
  WasmPlugin: 'extensions.istio.io/v1alpha1',
  TrafficExtension: 'extensions.istio.io/v1alpha1',
  EnvoyFilter: 'networking.istio.io/v1alpha3',
  ProxyConfig: 'networking.istio.io/v1beta1',
  IstioOperator: 'install.istio.io/v1alpha1',
  HTTPRoute: 'gateway.networking.k8s.io/v1',
  GRPCRoute: 'gateway.networking.k8s.io/v1',
  KubernetesGateway: 'gateway.networking.k8s.io/v1',
  BackendTLSPolicy: 'gateway.networking.k8s.io/v1',
  TLSRoute: 'gateway.networking.k8s.io/v1',
};

/** Validates a resource whose specification is given in flow style. */
export function validate(kind: string, spec: string, metadata = 'name: test, namespace: ns'): Validity {
  const text = `apiVersion: ${apiVersions[kind] ?? 'networking.istio.io/v1'}\nkind: ${kind.replace('Kubernetes', '')}\nmetadata: {${metadata}}\nspec: ${spec}\n`;
  const { resources, problems } = parseYaml(text, 'f.yaml');
  const [resource] = resources;
  if (problems.length > 0 || !resource) throw new Error(`cannot parse ${spec}`);
  return validateResource(resource);
}

/** Kind, specification in flow style, and the paths of the errors it has; none when it is valid. */
export type Row = readonly [kind: string, spec: string, ...paths: string[]];

/** Each specification must have errors at exactly these paths. */
export function checkRows(rows: readonly Row[]): void {
  for (const [kind, spec, ...paths] of rows) {
    const { errors } = validate(kind, spec);
    const found = [...new Set(errors.map(({ path }) => path))].sort();
    if (found.join() !== paths.toSorted().join()) {
      const said = errors.map(({ path, message }) => `  ${path}: ${message}`);
      throw new Error([`${kind} ${spec}`, `expected errors at [${paths.join(', ')}], found`, ...said].join('\n'));
    }
  }
}

/** A route to some destination, and a VirtualService of such routes. */
export const to = 'route: [{destination: {host: a}}]';
export const virtualService = (http: string, rest = 'hosts: [a]'): string => `{${rest}, http: [${http}]}`;
