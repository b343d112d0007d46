/** Plain YAML of a pod, as written. */
export type Written = Readonly<Record<string, unknown>>;

/** Containers whose health is asked through the sidecar, and what the sidecar asks them: by path of its health port. */
export interface RewrittenContainers {
  readonly containers: readonly Written[];
  readonly probers: Written;
}

const statusPort = 15_020;
const probes = [
  ['readinessProbe', 'readyz'],
  ['livenessProbe', 'livez'],
  ['startupProbe', 'startupz'],
] as const;
const hooks = [
  ['preStop', 'prestopz'],
  ['postStart', 'poststartz'],
] as const;

/** Kubernetes asks without a certificate, so HTTP, TCP and gRPC probes go to the sidecar's health port, which asks the container; `exec` stays. */
export function rewriteProbes(containers: readonly Written[]): RewrittenContainers {
  const probers: Record<string, unknown> = {};
  const rewrite = (container: Written, handler: Written, path: string): Written => {
    const { httpGet, tcpSocket, grpc, ...rest } = handler;
    const asked = httpGet ?? tcpSocket ?? grpc;
    if (typeof asked !== 'object' || asked === null) return handler;
    const kind = httpGet ? 'httpGet' : tcpSocket ? 'tcpSocket' : 'grpc';
    const port = portNumber(container, (asked as Written).port);
    probers[path] = { [kind]: { ...asked, port }, timeoutSeconds: rest.timeoutSeconds ?? 1 };
    return { ...rest, httpGet: { path, port: statusPort } };
  };
  const rewritten = containers.map((container) => {
    const changed: Record<string, unknown> = { ...container };
    for (const [field, name] of probes) {
      const probe = container[field] as Written | undefined;
      if (probe) changed[field] = rewrite(container, probe, `/app-health/${container.name}/${name}`);
    }
    const lifecycle = container.lifecycle as Written | undefined;
    if (lifecycle) changed.lifecycle = { ...lifecycle };
    for (const [field, name] of hooks) {
      const hook = lifecycle?.[field] as Written | undefined;
      if (hook)
        (changed.lifecycle as Record<string, unknown>)[field] = rewrite(container, hook, `/app-lifecycle/${container.name}/${name}`);
    }
    return changed;
  });
  return { containers: rewritten, probers };
}

function portNumber(container: Written, port: unknown): unknown {
  const ports = (container.ports ?? []) as readonly { readonly name?: string; readonly containerPort?: number }[];
  return typeof port === 'string' ? (ports.find(({ name }) => name === port)?.containerPort ?? port) : port;
}
