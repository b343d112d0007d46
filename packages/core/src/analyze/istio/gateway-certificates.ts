import { selectsLabels } from '../../base/labels.ts';
import type { Gateway, GatewaySpec } from '../../resource/kinds.ts';
import type { Finding, SetAnalyzer } from '../analyzer.ts';
import { object, objects } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { fact, nameOf } from '../proof.ts';
import { gatewaySelector } from './gateway-selector.ts';

type Tls = NonNullable<NonNullable<NonNullable<GatewaySpec['servers']>[number]>['tls']>;

interface CertificateUse {
  readonly gateway: Gateway;
  /** Place of the server. */
  readonly server: number;
}

/** One certificate on several Gateways of one workload: browsers then reuse a connection for a host that the other Gateway serves, and get 404. */
export const gatewayCertificatesAnalyzer: SetAnalyzer = {
  name: 'gateway.CertificateAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze({ set, exact, report }) {
    const uses = set.ofKind('Gateway').flatMap(usesOf);
    const byCertificate = groupBy(uses, ([certificate]) => certificate);
    const selectors = new Map(uses.map(([, { gateway }]) => [gateway, gatewaySelector(gateway)] as const));
    for (const [gateway, own] of groupBy(uses, ([, use]) => use.gateway)) {
      const shared = new Map<Gateway, Finding>();
      for (const [certificate, use] of own) {
        for (const [, other] of byCertificate.get(certificate) ?? []) {
          if (other.gateway === gateway || shared.has(other.gateway)) continue;
          if (selectsLabels(selectors.get(gateway), selectors.get(other.gateway) ?? {})) shared.set(other.gateway, duplicate(use, other));
          if (!exact && shared.size > 0) break;
        }
        if (!exact && shared.size > 0) break;
      }
      for (const finding of shared.values()) report(finding);
    }
  },
};

/** The certificates a Gateway serves, by name or else by files. */
function usesOf(gateway: Gateway): readonly (readonly [certificate: string, use: CertificateUse])[] {
  return objects(object(gateway.spec).servers).flatMap(([server, { tls }]) => {
    const { credentialName, serverCertificate, privateKey } = object<Tls>(tls);
    const files = serverCertificate && privateKey ? `files ${serverCertificate} ${privateKey}` : null;
    const certificate = credentialName ? `secret ${credentialName}` : files;
    return certificate === null ? [] : [[certificate, { gateway, server }] as const];
  });
}

/** Istio reports each pair of Gateways; one of them is enough to act on. */
function duplicate(use: CertificateUse, other: CertificateUse): Finding {
  return {
    type: 'GatewayDuplicateCertificate',
    resource: use.gateway,
    path: `spec.servers[${use.server}].tls`,
    identity: nameOf(other.gateway),
    message: `Gateway ${nameOf(other.gateway)} serves the same certificate on the same workload: clients that reuse an HTTP/2 connection get 404 for the other's hosts. Put the hosts into one Gateway, or give each its own certificate.`,
    proof: [
      fact(use.gateway, `spec.servers[${use.server}].tls`, 'names the certificate'),
      fact(other.gateway, `spec.servers[${other.server}].tls`, 'names the same one'),
    ],
  };
}
