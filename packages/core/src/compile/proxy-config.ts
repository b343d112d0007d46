import type { ProxyView } from '../mesh/proxy-view.ts';
import type { GatewayTopology, ProxyConfigSettings } from '../resource/mesh-config.ts';

/** What stands in front of a gateway: the proxy's own configuration over the mesh's. */
export function gatewayTopology(view: ProxyView): GatewayTopology {
  const own = view.node.metadata.PROXY_CONFIG as ProxyConfigSettings | undefined;
  return { ...view.settings.meshConfig.defaultConfig.gatewayTopology, ...own?.gatewayTopology };
}
