import type { ProxyView } from '../mesh/proxy-view.ts';

/** Where a provider of the mesh configuration is reached. */
export interface ExternalService {
  readonly cluster: string;
  readonly hostname: string;
}

/**
 * The cluster of a provider's service, `hostname` or `namespace/hostname`, or null when the proxy sees no such service: a reference to a cluster
 * that does not exist would make Envoy refuse the whole listener.
 */
export function externalService(view: ProxyView, service: string | undefined, port: number | undefined): ExternalService | null {
  if (!service || port === undefined) return null;
  const slash = service.indexOf('/');
  const hostname = service.slice(slash + 1);
  const namespace = slash < 0 ? null : service.slice(0, slash);
  const found = view.services.find(
    (candidate) => candidate.service.hostname === hostname && (namespace === null || candidate.service.namespace === namespace),
  );
  if (!found?.service.ports.some((servicePort) => servicePort.number === port)) return null;
  return { cluster: `outbound|${port}||${hostname}`, hostname };
}
