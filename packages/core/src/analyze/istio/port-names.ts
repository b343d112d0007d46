import type { Service, ServicePortSpec } from '../../resource/kubernetes-types.ts';
import { protocolNames } from '../../resource/validation/names.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { object, objects, portNumber, scalar } from '../fields.ts';
import { fact } from '../proof.ts';
import { isControlPlane } from './control-plane.ts';

const applicationProtocols = new Set(['kubernetes.io/h2c', 'kubernetes.io/ws', 'kubernetes.io/wss']);
const wellKnownTcpPorts = new Set([25, 53, 3306, 27017]);
const gatewayControllers = new Set(['istio.io-gateway-controller', 'istio.io-mesh-controller', 'istio.io-eastwest-controller']);

/** Service ports whose protocol cannot be told from their name, so that it is guessed from the first bytes of each connection. */
export const portNamesAnalyzer: ResourceAnalyzer = {
  name: 'service.PortNameAnalyzer',
  scope: 'resource',
  inputs: ['Service'],
  isDefault: true,
  check(resource, _context, report) {
    if (isControlPlane(resource) || gatewayControllers.has(resource.labels['gateway.istio.io/managed'] ?? '')) return;
    const spec = object((resource as Service).spec);
    const isExternalName = spec.type === 'ExternalName';
    for (const [index, port] of objects(spec.ports)) {
      if (hasProtocol(port) && !(isExternalName && port.name === 'tcp')) continue;
      const path = `spec.ports[${index}]`;
      const written = scalar(port.name);
      const number = portNumber(port.port) ?? index;
      const name = written ? `Port name ${written}` : `Port ${number} has no name, which`;
      report({
        type: isExternalName ? 'ExternalNameServiceTypeInvalidPortName' : 'PortNameIsNotUnderNamingConvention',
        resource,
        path: `${path}.port`,
        message: isExternalName
          ? `Port ${number} of this ExternalName service is taken for plain TCP, and proxies then capture all traffic of that port. Name it http, https, tls or the like.`
          : `${name} does not say its protocol, so proxies guess it. Name it <protocol>[-<suffix>], as http-web, or set appProtocol.`,
        proof: [
          fact(resource, `${path}.name`, written ? `is ${written}` : 'is not set'),
          fact(resource, `${path}.appProtocol`, port.appProtocol ? `is ${scalar(port.appProtocol)}` : 'is not set'),
        ],
      });
    }
  },
};

function hasProtocol(port: ServicePortSpec): boolean {
  if (port.protocol === 'UDP') return true;
  const name = scalar(port.appProtocol ?? port.name).toLowerCase();
  if (name.startsWith('grpc-web') || applicationProtocols.has(name)) return true;
  return protocolNames.has(name.split('-')[0] ?? '') || wellKnownTcpPorts.has(portNumber(port.port) ?? 0);
}
