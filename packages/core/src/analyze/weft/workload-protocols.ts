import { selectsLabels } from '../../base/labels.ts';
import type { AnalyzerContext } from '../analyzer.ts';
import { labelsOf, object, objects, text } from '../fields.ts';
import type { Workload } from '../workload.ts';

type Context = Pick<AnalyzerContext, 'set' | 'index'>;

const httpNames = /^(http|http2|http3|grpc|grpc-web|http_proxy)(-|$)/;
const httpAppProtocols: ReadonlySet<string> = new Set(['kubernetes.io/h2c', 'kubernetes.io/ws']);

/** Whether something declares ports of a workload, and all of them are HTTP: in Services, ServiceEntries, Sidecars and Gateways that select it. */
export function isHttpOnly(workload: Workload, context: Context): boolean {
  const protocols = declaredProtocols(workload, context);
  return protocols.length > 0 && protocols.every(isHttpName);
}

/** What each declared port is called, as the names of protocols or as port names that begin with one. */
function declaredProtocols({ namespace, labels }: Workload, { set, index }: Context): readonly string[] {
  const isSelecting = (value: unknown): boolean => {
    const selector = labelsOf(value);
    return Object.keys(selector).length > 0 && selectsLabels(selector, labels);
  };
  const services = index.servicesIn(namespace).filter((service) => isSelecting(object(service.spec).selector));
  const entries = set
    .ofKind('ServiceEntry')
    .filter((entry) => entry.ref.namespace === namespace && isSelecting(object(object(entry.spec).workloadSelector).labels));
  const sidecars = set
    .ofKind('Sidecar')
    .filter((sidecar) => sidecar.ref.namespace === namespace && isSelecting(object(object(sidecar.spec).workloadSelector).labels));
  const gateways = set.ofKind('Gateway').filter((gateway) => isSelecting(object(gateway.spec).selector));
  return [
    ...services.flatMap((service) => objects(object(service.spec).ports).map(([, port]) => serviceProtocol(port))),
    ...entries.flatMap((entry) => objects(object(entry.spec).ports).map(([, port]) => text(port.protocol) || text(port.name))),
    ...sidecars.flatMap((sidecar) => objects(object(sidecar.spec).ingress).map(([, { port }]) => text(object(port).protocol))),
    ...gateways.flatMap((gateway) => objects(object(gateway.spec).servers).map(([, server]) => serverProtocol(server))),
  ];
}

function serviceProtocol(port: { readonly name?: unknown; readonly appProtocol?: unknown; readonly protocol?: unknown }): string {
  return port.protocol === 'UDP' ? 'udp' : text(port.appProtocol) || text(port.name);
}

/** The proxy ends TLS of an HTTPS server unless it is to pass it through. */
function serverProtocol(server: { readonly port?: { readonly protocol?: unknown }; readonly tls?: { readonly mode?: unknown } }): string {
  const protocol = text(object(server.port).protocol);
  const isPassedThrough = ['PASSTHROUGH', 'AUTO_PASSTHROUGH'].includes(text(object(server.tls).mode));
  return protocol.toUpperCase() === 'HTTPS' && !isPassedThrough ? 'http' : protocol;
}

function isHttpName(name: string): boolean {
  const lower = name.toLowerCase();
  return httpAppProtocols.has(lower) || httpNames.test(lower);
}
