import { resolveHost } from '../../base/hosts.ts';
import type { VirtualService } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, strings } from '../fields.ts';
import { createHostIndex } from '../host-index.ts';
import { fact, list, mostProofs, nameOf } from '../proof.ts';

interface HostClaims {
  readonly host: string;
  readonly services: VirtualService[];
}

/** VirtualServices that claim one host for the sidecars of one namespace; they are not merged, only the oldest applies. */
export const virtualServiceMeshHostsAnalyzer: SetAnalyzer = {
  name: 'virtualservice.ConflictingMeshGatewayHostsAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const scopes = collectClaims(context);
    const everywhere = createHostIndex([...(scopes.get('*')?.values() ?? [])], (claims) => claims.host);
    const reported = new Set<VirtualService>();
    for (const scope of [...scopes.keys()].sort()) {
      for (const claims of scopes.get(scope)?.values() ?? []) {
        const others = scope === '*' ? [] : everywhere.overlapping(claims.host).flatMap((found) => found.services);
        const rivals = [...claims.services, ...others];
        if (rivals.length > 1) reportRivals(claims.host, rivals, reported, context);
      }
    }
  },
};

function collectClaims({ set, domain }: AnalyzerContext): ReadonlyMap<string, Map<string, HostClaims>> {
  const scopes = new Map<string, Map<string, HostClaims>>();
  for (const service of set.ofKind('VirtualService')) {
    const spec = object(service.spec);
    const gateways = strings(spec.gateways);
    if (gateways.length > 0 && !gateways.includes('mesh')) continue;
    const exportTo = strings(spec.exportTo);
    const visibleIn =
      exportTo.length === 0 || exportTo.includes('*') ? ['*'] : exportTo.map((scope) => (scope === '.' ? service.ref.namespace : scope));
    for (const scope of new Set(visibleIn)) {
      for (const written of strings(spec.hosts)) {
        const host = resolveHost(written, service.ref.namespace, domain).toLowerCase();
        const hosts = scopes.get(scope) ?? new Map<string, HostClaims>();
        scopes.set(scope, hosts);
        const claims = hosts.get(host) ?? { host, services: [] };
        hosts.set(host, claims);
        claims.services.push(service);
      }
    }
  }
  return scopes;
}

function reportRivals(host: string, rivals: readonly VirtualService[], reported: Set<VirtualService>, { report }: AnalyzerContext): void {
  const names = [...new Set(rivals.map(nameOf))].sort();
  const proof = [...new Set(rivals)].slice(0, mostProofs).map((other) => fact(other, 'spec.hosts', `has ${host}`));
  for (const service of rivals) {
    if (reported.has(service)) continue;
    reported.add(service);
    report({
      type: 'ConflictingMeshGatewayVirtualServiceHosts',
      resource: service,
      path: 'spec.hosts',
      message: `${list(names)} ${names.length > 1 ? 'all define' : 'defines more than once'} host ${host} for sidecars; only the oldest applies there. Merge them into one VirtualService, or bind the others to a gateway only.`,
      proof: rivals.indexOf(service) < mostProofs ? proof : [fact(service, 'spec.hosts', `has ${host}`), ...proof],
    });
  }
}
