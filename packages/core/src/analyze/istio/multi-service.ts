import type { Service } from '../../resource/kubernetes-types.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects, portNumber, scalar } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { fact, list, nameOf } from '../proof.ts';
import { controllerWorkload, type Workload } from '../workload.ts';

interface ServicePort {
  readonly service: Service;
  readonly path: string;
  readonly port: number;
  readonly protocol: string;
  readonly targetPort: string;
}

/** Deployments behind several Services that contradict each other about a port. */
export const multiServiceAnalyzer: SetAnalyzer = {
  name: 'deployment.MultiServiceAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    for (const deployment of context.set.ofKind('Deployment')) {
      if (deployment.labels['gateway.istio.io/managed'] === 'istio.io-mesh-controller') continue;
      const workload = controllerWorkload(deployment);
      if (!context.index.isInMesh(workload)) continue;
      const ports = context.index.servicesSelecting(workload.namespace, workload.labels).filter(hasSelector).flatMap(portsOf);
      checkProtocols(workload, ports, context);
      checkTargetPorts(workload, ports, context);
    }
  },
};

function hasSelector(service: Service): boolean {
  return Object.keys(labelsOf(object(service.spec).selector)).length > 0;
}

function portsOf(service: Service): readonly ServicePort[] {
  return objects(object(service.spec).ports).flatMap(([index, port]) => {
    const number = portNumber(port.port);
    if (number === null) return [];
    const target = scalar(port.targetPort);
    return [
      {
        service,
        path: `spec.ports[${index}]`,
        port: number,
        protocol: scalar(port.protocol) || 'TCP',
        targetPort: target === '' || target === '0' ? String(number) : target,
      },
    ];
  });
}

function checkProtocols(workload: Workload, ports: readonly ServicePort[], { report }: AnalyzerContext): void {
  for (const [port, same] of groupBy(ports, (candidate) => candidate.port)) {
    const protocols = [...new Set(same.map((candidate) => candidate.protocol))].sort();
    if (protocols.length < 2) continue;
    const services = [...new Set(same.map((candidate) => nameOf(candidate.service)))].sort();
    report({
      type: 'DeploymentAssociatedToMultipleServices',
      resource: workload.resource,
      path: 'metadata.name',
      message: `Services ${list(services)} select this deployment and declare port ${port} with different protocols (${protocols.join(', ')}); its sidecar can serve only one. Give the port one protocol.`,
      proof: same.map((candidate) => fact(candidate.service, candidate.path, `port ${port} is ${candidate.protocol}`)),
    });
  }
}

function checkTargetPorts(workload: Workload, ports: readonly ServicePort[], { report }: AnalyzerContext): void {
  for (const [targetPort, same] of groupBy(ports, (candidate) => candidate.targetPort)) {
    const numbers = [...new Set(same.map((candidate) => candidate.port))].sort((a, b) => a - b);
    if (numbers.length < 2) continue;
    const services = [...new Set(same.map((candidate) => nameOf(candidate.service)))].sort();
    report({
      type: 'DeploymentConflictingPorts',
      resource: workload.resource,
      path: 'metadata.name',
      message: `Services ${list(services)} select this deployment and send different ports (${numbers.join(', ')}) to its port ${targetPort}. Declare one service port for it.`,
      proof: same.map((candidate) => fact(candidate.service, candidate.path, `port ${candidate.port} goes to ${targetPort}`)),
    });
  }
}
