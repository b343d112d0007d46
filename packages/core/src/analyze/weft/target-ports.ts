import type { Service } from '../../resource/kubernetes-types.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, objects, portNumber, scalar } from '../fields.ts';
import { fact } from '../proof.ts';

/** Services that send to a container port by a name which no container of theirs has. */
export const targetPortsAnalyzer: SetAnalyzer = {
  name: 'service.TargetPortAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    for (const service of context.set.ofKind('Service')) checkService(service, context);
  },
};

function checkService(service: Service, { index, report }: AnalyzerContext): void {
  const spec = object(service.spec);
  const named = objects(spec.ports).filter(([, port]) => typeof port.targetPort === 'string' && !/^\d+$/.test(port.targetPort));
  const selector = labelsOf(spec.selector);
  if (named.length === 0 || Object.keys(selector).length === 0) return;
  const workloads = [
    ...index.workloadsIn(service.ref.namespace).matching(selector),
    ...index.controllersIn(service.ref.namespace).matching(selector),
  ];
  if (workloads.length === 0 || workloads.some((workload) => workload.kind === 'WorkloadEntry')) return;
  const names = new Set(
    workloads.flatMap((workload) => workload.containers.flatMap((container) => objects(container.ports).map(([, port]) => port.name))),
  );
  for (const [at, port] of named) {
    if (names.has(scalar(port.targetPort))) continue;
    report({
      type: 'TargetPortNotFound',
      resource: service,
      path: `spec.ports[${at}].targetPort`,
      message: `No container of the selected workloads has a port named ${scalar(port.targetPort)}, so port ${portNumber(port.port) ?? at} leads nowhere. Name a port of the container, or write its number.`,
      proof: [
        fact(service, `spec.ports[${at}].targetPort`, `is ${scalar(port.targetPort)}`),
        ...workloads.slice(0, 3).map((workload) => fact(workload.resource, 'spec', 'has no container port of that name')),
      ],
    });
  }
}
