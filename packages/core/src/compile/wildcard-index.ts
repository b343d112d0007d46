import { compareHosts, hostSubsetOf, isWildcardHost } from '../base/hosts.ts';
import type { EgressListener } from '../mesh/proxy-view.ts';
import type { VirtualServiceRules } from '../mesh/virtual-service.ts';

/** The rules with the most specific host that holds a service's name; of equal hosts the first rules. */
export function mostSpecificRules(listener: Pick<EgressListener, 'virtualServices'>, hostname: string): VirtualServiceRules | null {
  let best: { readonly host: string; readonly rules: VirtualServiceRules } | null = null;
  for (const rules of listener.virtualServices) {
    for (const host of rules.hosts) {
      const holds = isWildcardHost(host) ? hostSubsetOf(hostname, host) : host === hostname;
      if (holds && (best === null || (host !== best.host && compareHosts(host, best.host) < 0))) best = { host, rules };
    }
  }
  return best?.rules ?? null;
}
