import type { KubernetesGateway } from '../../resource/kinds.ts';
import type { TranslationContext } from './context.ts';

/** The services that a Gateway is reached by, and the addresses that it asks for but cannot be given. */
export interface GatewayAddresses {
  /** Host names. */
  readonly services: readonly string[];
  readonly unsupported: readonly string[];
}

/**
 * Without addresses, or with one IP address that the load balancer is to have, a Gateway is reached by the service made for it. Otherwise its addresses are
 * names of services; nothing else can be served.
 */
export function gatewayAddresses({ domain }: Pick<TranslationContext, 'domain'>, gateway: KubernetesGateway): GatewayAddresses {
  const { namespace, name } = gateway.ref;
  const addresses = (gateway.spec?.addresses ?? []).map((address) => ({ type: address?.type ?? null, value: address?.value ?? '' }));
  const [first, ...others] = addresses;
  if (!first || (others.length === 0 && (first.type === null || first.type === 'IPAddress'))) {
    const made = gateway.annotations['gateway.istio.io/name-override'] ?? `${name}-${gateway.spec?.gatewayClassName ?? 'istio'}`;
    return { services: [`${made}.${namespace}.svc.${domain}`], unsupported: [] };
  }
  const isName = ({ type }: (typeof addresses)[number]) => type === null || type === 'Hostname';
  return {
    services: addresses.filter(isName).map(({ value }) => (value.includes('.') ? value : `${value}.${namespace}.svc.${domain}`)),
    unsupported: addresses.filter((address) => !isName(address)).map(({ value }) => value),
  };
}
