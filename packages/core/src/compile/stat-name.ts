import type { Service, ServicePort } from '../mesh/service.ts';

/**
 * The name of a cluster in statistics by a pattern of the mesh configuration (`%SERVICE_FQDN%_%SERVICE_PORT%`), ended by the mark that Istio's tag extraction
 * looks for.
 */
export function statName(pattern: string, service: Service, port: ServicePort, subset: string): string {
  const values: Readonly<Record<string, string>> = {
    SERVICE: service.registry === 'Kubernetes' ? `${service.name}.${service.namespace}` : service.hostname,
    SERVICE_NAME: service.name,
    SERVICE_FQDN: service.hostname,
    SERVICE_PORT: String(port.number),
    SERVICE_PORT_NAME: port.name,
    TARGET_PORT: String(port.targetPort ?? port.number),
    SUBSET_NAME: subset,
  };
  return `${pattern.replace(/%([A-Z_]+)%/g, (text, key: string) => values[key] ?? text)};`;
}
