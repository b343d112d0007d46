import { isIp } from '../base/addresses.ts';
import { augmentLabels } from './labels.ts';
import type { Endpoint, Service, ServicePort } from './service.ts';
import type { Workload } from './workload.ts';

/** The endpoints that a workload gives a service port; none when the port's target is a name that the workload does not have. */
export function workloadEndpoints(workload: Workload, service: Service, servicePort: ServicePort): Endpoint[] {
  const [address] = workload.addresses;
  // Kubernetes services cannot be served from host names or sockets, ServiceEntries can.
  if (address === undefined || (service.registry === 'Kubernetes' && !isIp(address))) return [];
  const isSocket = address.startsWith('unix://');
  const port = isSocket ? 0 : targetPort(workload, service, servicePort);
  if (port === null) return [];
  return [
    workloadEndpoint(workload, {
      address: isSocket ? address.slice('unix://'.length) : address,
      port,
      portName: servicePort.name,
      isReady: workload.isReady || service.publishNotReadyAddresses,
    }),
  ];
}

function targetPort(workload: Workload, service: Service, servicePort: ServicePort): number | null {
  const target = servicePort.targetPort;
  if (workload.kind === 'WorkloadEntry' || service.registry === 'External') {
    const named = workload.portByName[servicePort.name];
    if (named) return named;
  }
  if (typeof target === 'number') return target;
  if (target !== null) return workload.portByName[target] ?? (/^\d+$/.test(target) ? Number(target) : null);
  return servicePort.number;
}

/** An endpoint at a workload, before it is known what its side accepts. */
export function workloadEndpoint(
  workload: Workload,
  at: { readonly address: string; readonly port: number; readonly portName: string; readonly isReady: boolean },
): Endpoint {
  return {
    address: at.address,
    port: at.port,
    portName: at.portName,
    labels: augmentLabels(workload.labels, workload),
    locality: workload.locality,
    network: workload.network,
    cluster: workload.cluster,
    tlsMode: workload.tlsMode,
    acceptsMtls: false,
    weight: workload.weight,
    health: at.isReady ? 'healthy' : 'unhealthy',
    namespace: workload.namespace,
    serviceAccount: workload.serviceAccount,
    workloadName: workload.workloadName,
    nodeName: workload.nodeName,
    hostname: '',
    ref: workload.ref,
  };
}
