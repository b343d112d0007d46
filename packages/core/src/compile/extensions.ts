import type { FilterJson } from '@weft/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { HttpFilterJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { TrafficExtension, WasmPlugin } from '../resource/kinds.ts';
import { type FilterPlace, mayHaveExtension } from './listener-class.ts';
import { typedConfig } from './typed-config.ts';

/** When within a chain an extension runs. */
export type ExtensionPhase = 'AUTHN' | 'AUTHZ' | 'STATS' | 'UNSPECIFIED_PHASE';

type Extension = WasmPlugin | TrafficExtension;

/** A fixed name, so that a plug-in that could not be loaded is recognised as such in logs and explanations. */
const failedExtensionPolicy = 'extension-not-loaded';

/**
 * The HTTP extensions of a phase, higher priority first. Lua runs in the proxy. Wasm modules are not loaded: a plug-in that asks for `FAIL_CLOSE` then denies
 * everything, one that says nothing about failing is left out, because a mesh without Wasm could not serve such a workload at all.
 */
export function httpExtensions(view: ProxyView, place: FilterPlace, phase: ExtensionPhase): HttpFilterJson[] {
  return inPhase(view, place, phase).flatMap((extension) => {
    const lua = 'lua' in extension.spec ? extension.spec.lua?.inlineCode : undefined;
    if (lua !== undefined) return luaFilter(view, extension, lua);
    if (isNetworkExtension(extension) || !failsClosed(extension)) return [];
    return [
      { name: 'envoy.filters.http.rbac', typedConfig: typedConfig('envoy.extensions.filters.http.rbac.v3.RBAC', { rules: denyAll() }) },
    ];
  });
}

/** The network extensions of a phase. */
export function networkExtensions(view: ProxyView, place: FilterPlace, phase: ExtensionPhase): FilterJson[] {
  return inPhase(view, place, phase).flatMap((extension) => {
    if (!isNetworkExtension(extension) || !failsClosed(extension)) return [];
    const config = { rules: denyAll(), statPrefix: 'tcp.' };
    return [{ name: 'envoy.filters.network.rbac', typedConfig: typedConfig('envoy.extensions.filters.network.rbac.v3.RBAC', config) }];
  });
}

function inPhase(view: ProxyView, place: FilterPlace, phase: ExtensionPhase): readonly Extension[] {
  const extensions: readonly Extension[] = [...view.policies.wasmPlugins, ...view.policies.trafficExtensions];
  return extensions
    .filter((extension) => (extension.spec?.phase ?? 'UNSPECIFIED_PHASE') === phase && matchesPlace(extension, place))
    .sort((a, b) => priority(b) - priority(a) || compareText(qualifiedName(a), qualifiedName(b)));
}

function matchesPlace(extension: Extension, place: FilterPlace): boolean {
  const matches = extension.spec?.match ?? [];
  if (matches.length === 0) return true;
  const mode = place.listenerClass === 'sidecar-inbound' ? 'SERVER' : 'CLIENT';
  return matches.some((match) => {
    const ports = match?.ports ?? [];
    const wanted = match?.mode ?? 'CLIENT_AND_SERVER';
    const fitsMode = wanted === 'CLIENT_AND_SERVER' || wanted === 'UNDEFINED' || wanted === mode;
    return fitsMode && (ports.length === 0 || ports.some((port) => port?.number === place.port));
  });
}

function luaFilter(view: ProxyView, extension: Extension, inlineString: string): HttpFilterJson[] {
  const name = 'envoy.filters.http.lua';
  if (!mayHaveExtension(view, name)) return [];
  const config = { defaultSourceCode: { inlineString } };
  return [{ name: `${name}.${qualifiedName(extension)}`, typedConfig: typedConfig('envoy.extensions.filters.http.lua.v3.Lua', config) }];
}

function wasmOf(extension: Extension) {
  return 'wasm' in extension.spec ? extension.spec.wasm : (extension.spec as WasmPlugin['spec']);
}

function isNetworkExtension(extension: Extension): boolean {
  return wasmOf(extension)?.type === 'NETWORK';
}

function failsClosed(extension: Extension): boolean {
  return wasmOf(extension)?.failStrategy === 'FAIL_CLOSE';
}

function denyAll() {
  return { action: 'DENY' as const, policies: { [failedExtensionPolicy]: { permissions: [{ any: true }], principals: [{ any: true }] } } };
}

function priority(extension: Extension): number {
  return extension.spec?.priority ?? 0;
}

function qualifiedName(extension: Extension): string {
  return `${extension.ref.name}.${extension.ref.namespace}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
