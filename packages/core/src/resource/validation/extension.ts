import type { EnvoyFilter, EnvoyFilterSpec, ProxyConfig, TrafficExtension, WasmPlugin, WasmPluginSpec } from '../kinds.ts';
import { checkPort } from './names.ts';
import type { Report } from './report.ts';
import { checkScope, checkTargetRefs, checkWorkloadSelector } from './scope.ts';
import { checkRegex, hasBrokenCharacters } from './values.ts';

type Patch = NonNullable<EnvoyFilterSpec['configPatches']>[number];
type WasmModule = Pick<WasmPluginSpec, 'url' | 'vmConfig'>;

const wasmSchemes = new Set(['file', 'http', 'https', 'oci']);
const httpConnectionManagers = new Set(['envoy.filters.network.http_connection_manager', 'envoy.http_connection_manager']);
const listenerClass = new Set<string | undefined>(['LISTENER', 'FILTER_CHAIN', 'NETWORK_FILTER', 'HTTP_FILTER', 'LISTENER_FILTER']);
const routeClass = new Set<string | undefined>(['ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE']);

/** What is said about every EnvoyFilter. */
export const internalsWarning =
  'an EnvoyFilter depends on internals that may change with every version; prefer another resource where there is one';

/** What the definition and Istio's webhook ask of a WasmPlugin. */
export function checkWasmPlugin(resource: WasmPlugin, report: Report): void {
  checkScope(resource.spec, report);
  checkWasmModule(resource.spec, 'spec', report);
  checkTrafficMatch(resource.spec.match, report);
}

/** What the definition asks of a TrafficExtension. */
export function checkTrafficExtension(resource: TrafficExtension, report: Report): void {
  const { spec } = resource;
  checkScope(spec, report);
  if ((spec.wasm == null) === (spec.lua == null)) report.rule('spec', 'expected either wasm or lua');
  if (spec.wasm) checkWasmModule(spec.wasm, 'spec.wasm', report);
  checkTrafficMatch(spec.match, report);
}

/** What the definition asks of a ProxyConfig. */
export function checkProxyConfig(resource: ProxyConfig, report: Report): void {
  checkScope(resource.spec, report);
}

/** What keeps a patch's value from being a message of the kind that it is applied to, and what is odd about it. */
export type PatchProblems = (applyTo: string, value: unknown) => { readonly error: string | null; readonly warnings: readonly string[] };

/** What the definition and Istio's webhook ask of an EnvoyFilter. */
export function checkEnvoyFilter(
  resource: EnvoyFilter,
  report: Report,
  { patchProblems }: { readonly patchProblems?: PatchProblems },
): void {
  const { spec } = resource;
  if (spec.workloadSelector && spec.targetRefs?.length) report.rule('spec', 'workloadSelector and targetRefs exclude each other');
  checkWorkloadSelector(spec.workloadSelector, report);
  checkTargetRefs(spec.targetRefs, report);
  report.warn('spec', internalsWarning);
  for (const [index, patch] of (spec.configPatches ?? []).entries()) {
    const path = `spec.configPatches[${index}]`;
    checkPatch(patch, path, report);
    if (!patchProblems || !patch.applyTo || patch.patch?.value == null) continue;
    const { error, warnings } = patchProblems(patch.applyTo, patch.patch.value);
    if (error !== null) report.error(`${path}.patch.value`, error);
    for (const warning of warnings) report.warn(`${path}.patch.value`, warning);
  }
}

function checkWasmModule(module: WasmModule, path: string, report: Report): void {
  const url = checkModuleUrl(module.url ?? '');
  if (url !== null) report.rule(`${path}.url`, url);
  const names = new Set<string>();
  for (const [index, variable] of (module.vmConfig?.env ?? []).entries()) {
    const at = `${path}.vmConfig.env[${index}]`;
    if (names.has(variable.name ?? '')) report.error(`${at}.name`, `the variable "${variable.name}" is set twice`);
    names.add(variable.name ?? '');
    if (variable.valueFrom === 'HOST' && variable.value) report.rule(`${at}.value`, 'must not be set for valueFrom HOST');
  }
}

/** A URL, or an image's name without `oci://`; a registry's port needs the `oci://`, or the registry would be taken for the scheme. */
function checkModuleUrl(url: string): string | null {
  if (url === '') return 'is required';
  const scheme = /^([a-zA-Z][-a-zA-Z0-9+.]*):/.exec(url)?.[1]?.toLowerCase();
  if (scheme !== undefined && !wasmSchemes.has(scheme)) return `expected a URL with scheme oci, http, https or file, found "${url}"`;
  if (url.startsWith(':') || hasBrokenCharacters(url)) return `"${url}" is no valid URL`;
  const authority = /^[^/?#]*/.exec(scheme === undefined ? url : url.slice(scheme.length + 1).replace(/^\/\//, ''))?.[0] ?? '';
  const port = /:([^\]:]*)$/.exec(authority)?.[1];
  return port === undefined || /^\d*$/.test(port) ? null : `"${port}" is no valid port in "${url}"`;
}

function checkTrafficMatch(match: WasmPluginSpec['match'], report: Report): void {
  for (const [index, selector] of (match ?? []).entries()) {
    for (const [portIndex, { number }] of (selector.ports ?? []).entries()) {
      const problem = checkPort(number);
      if (problem !== null) report.error(`spec.match[${index}].ports[${portIndex}].number`, problem);
    }
  }
}

function checkPatch(entry: Patch, path: string, report: Report): void {
  const { applyTo, match, patch } = entry;
  if (!applyTo || applyTo === 'INVALID') report.error(`${path}.applyTo`, 'is required');
  if (!patch) report.error(`${path}.patch`, 'is required');
  else if (!patch.operation || patch.operation === 'INVALID') report.error(`${path}.patch.operation`, 'is required');
  else if (patch.operation !== 'REMOVE' && patch.value == null)
    report.error(`${path}.patch.value`, `is required for operation ${patch.operation}`);
  if (!match) return;
  if (match.proxy?.proxyVersion) {
    const regex = checkRegex(match.proxy.proxyVersion);
    if (regex !== null) report.error(`${path}.match.proxy.proxyVersion`, regex);
  }
  checkObjectMatch(applyTo, match, `${path}.match`, report);
}

function checkObjectMatch(applyTo: Patch['applyTo'], match: NonNullable<Patch['match']>, path: string, report: Report): void {
  const isWaypoint = match.context === 'WAYPOINT';
  if (match.waypoint && !isWaypoint) report.rule(path, `waypoint can be matched in context WAYPOINT only, found ${match.context ?? 'ANY'}`);
  if (isWaypoint && (match.listener || match.routeConfiguration || match.cluster)) {
    report.rule(path, 'in context WAYPOINT only waypoint can be matched');
  }
  if (isWaypoint || match.waypoint) return;
  const found = match.listener ? 'listener' : match.routeConfiguration ? 'routeConfiguration' : match.cluster ? 'cluster' : null;
  if (found === null) return;
  const wanted = listenerClass.has(applyTo)
    ? 'listener'
    : routeClass.has(applyTo)
      ? 'routeConfiguration'
      : applyTo === 'CLUSTER'
        ? 'cluster'
        : found;
  if (found !== wanted) report.error(`${path}.${found}`, `${applyTo} is matched by ${wanted}, found ${found}`);
  else if (match.listener) checkFilterMatch(applyTo, match.listener, `${path}.listener.filterChain.filter`, report);
}

function checkFilterMatch(
  applyTo: Patch['applyTo'],
  listener: NonNullable<NonNullable<Patch['match']>['listener']>,
  path: string,
  report: Report,
): void {
  const filter = listener.filterChain?.filter;
  if (!filter) return;
  if (applyTo === 'LISTENER' || applyTo === 'FILTER_CHAIN') report.warn(path, `a filter match has no effect on ${applyTo}`);
  if (!filter.name) {
    report.error(`${path}.name`, 'is required');
    return;
  }
  if (!filter.subFilter) return;
  if (applyTo !== 'HTTP_FILTER') report.error(`${path}.subFilter`, `is possible with applyTo HTTP_FILTER only, found ${applyTo}`);
  else if (!httpConnectionManagers.has(filter.name)) {
    report.error(`${path}.name`, `expected envoy.filters.network.http_connection_manager above a subFilter, found "${filter.name}"`);
  } else if (!filter.subFilter.name) report.error(`${path}.subFilter.name`, 'is required');
}
