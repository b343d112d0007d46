import type { KubernetesGateway, ResourceSet } from '../../resource/kinds.ts';
import { compareAge } from '../../resource/resource-set.ts';
import { controllerName } from './condition.ts';

/** Controller of classes whose Gateways stand for ones of another place, as those of another cluster. */
export const remoteControllerName = 'istio.io/unmanaged-gateway';

/** The Gateways of served classes, oldest first: of the classes whose controller Weft is, and of Istio's own, which needs no resource. */
export function servedGateways(set: ResourceSet): readonly KubernetesGateway[] {
  return gatewaysOf(set, controllerName, 'istio');
}

/** Gateways that are somewhere else and not served here, oldest first. */
export function remoteGateways(set: ResourceSet): readonly KubernetesGateway[] {
  return gatewaysOf(set, remoteControllerName, 'istio-remote');
}

function gatewaysOf(set: ResourceSet, controller: string, builtIn: string): readonly KubernetesGateway[] {
  const classes = set.ofKind('GatewayClass');
  const names = new Set(classes.filter(({ spec }) => spec?.controllerName === controller).map(({ ref }) => ref.name));
  if (!classes.some(({ ref }) => ref.name === builtIn)) names.add(builtIn);
  return set
    .ofKind('KubernetesGateway')
    .filter((gateway) => names.has(gateway.spec?.gatewayClassName ?? ''))
    .sort(compareAge);
}
