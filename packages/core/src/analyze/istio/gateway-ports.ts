import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects, portNumber } from '../fields.ts';
import { formatSelector } from '../label-index.ts';
import { fact } from '../proof.ts';
import type { Workload } from '../workload.ts';
import { canTellWorkloads, gatewaySelector, gatewayWithoutWorkload, gatewayWorkloads } from './gateway-selector.ts';

/** Ports of Gateways that no Service of the gateway workload lets through. */
export const gatewayPortsAnalyzer: SetAnalyzer = {
  name: 'gateway.IngressGatewayPortAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const portsBySelector = new Map<string, ReadonlySet<number>>();
    for (const gateway of context.set.ofKind('Gateway')) {
      const workloads = gatewayWorkloads(gateway, context);
      if (workloads.length === 0) {
        if (canTellWorkloads(context)) context.report(gatewayWithoutWorkload(gateway));
        continue;
      }
      const selector = formatSelector(gatewaySelector(gateway));
      const ports = portsBySelector.get(selector) ?? portsOf(workloads, context);
      portsBySelector.set(selector, ports);
      if (!context.exact && ports.size === 0) continue;
      for (const [index, server] of objects(object(gateway.spec).servers)) {
        if (!server.port) continue;
        const number = portNumber(server.port.number) ?? 0;
        if (ports.has(number)) continue;
        context.report({
          type: 'GatewayPortNotDefinedOnService',
          resource: gateway,
          path: `spec.servers[${index}].port.number`,
          identity: String(number),
          message: `No Service of the gateway (${selector}) has port ${number}, so it cannot be reached through one. Add the port to the Service, or correct the number.`,
          proof: [
            fact(gateway, `spec.servers[${index}].port.number`, `is ${number}`),
            ...workloads.slice(0, 1).map((workload) => fact(workload.resource, 'metadata.labels', 'is the gateway')),
          ],
        });
      }
    }
  },
};

/** The ports that Services send to some workloads; those with equal labels are looked at once. */
function portsOf(workloads: readonly Workload[], context: AnalyzerContext): ReadonlySet<number> {
  const distinct = new Map(workloads.map((workload) => [`${workload.namespace} ${formatSelector(workload.labels)}`, workload] as const));
  return new Set([...distinct.values()].flatMap((workload) => servicePorts(workload, context)));
}

/** The ports that Services send to a workload. Istio's proxies listen at the target port for a Gateway that names the service port. */
function servicePorts(workload: Workload, { index, exact }: AnalyzerContext): readonly number[] {
  return index.servicesSelecting(workload.namespace, workload.labels).flatMap((service) => {
    const spec = object(service.spec);
    if (!exact && Object.keys(labelsOf(spec.selector)).length === 0) return [];
    return objects(spec.ports).flatMap(([, port]) => {
      const protocol = port.protocol ?? (exact ? '' : 'TCP');
      if (protocol !== 'TCP') return [];
      const target = portNumber(port.targetPort) ?? 0;
      const number = portNumber(port.port) ?? 0;
      if (exact) return [target === 0 ? number : target];
      // The Service that analysis adds stands for any installation; the usual ones send 80 and 443 on to these ports.
      const usual = service.source.file === '' ? [8080, 8443] : [];
      return [target, number, ...usual];
    });
  });
}
