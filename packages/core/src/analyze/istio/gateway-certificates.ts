import { selectsLabels } from '../../base/labels.ts';
import type { Gateway, GatewaySpec } from '../../resource/kinds.ts';
import type { SetAnalyzer } from '../analyzer.ts';
import { object, objects } from '../fields.ts';
import { fact, nameOf } from '../proof.ts';
import { gatewaySelector } from './gateway-selector.ts';

type Tls = NonNullable<NonNullable<NonNullable<GatewaySpec['servers']>[number]>['tls']>;

/** One certificate on several Gateways of one workload: browsers then reuse a connection for a host that the other Gateway serves, and get 404. */
export const gatewayCertificatesAnalyzer: SetAnalyzer = {
  name: 'gateway.CertificateAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze({ set, report }) {
    const withTls = set.ofKind('Gateway').filter((gateway) => objects(object(gateway.spec).servers).some(([, server]) => server.tls));
    for (const gateway of withTls) {
      const selector = gatewaySelector(gateway);
      for (const other of withTls) {
        if (other === gateway || !selectsLabels(selector, gatewaySelector(other))) continue;
        const shared = sharedServer(gateway, other);
        if (shared === null) continue;
        report({
          type: 'GatewayDuplicateCertificate',
          resource: gateway,
          path: `spec.servers[${shared[0]}].tls`,
          identity: nameOf(other),
          message: `Gateway ${nameOf(other)} serves the same certificate on the same workload: clients that reuse an HTTP/2 connection get 404 for the other's hosts. Put the hosts into one Gateway, or give each its own certificate.`,
          proof: [
            fact(gateway, `spec.servers[${shared[0]}].tls`, 'names the certificate'),
            fact(other, `spec.servers[${shared[1]}].tls`, 'names the same one'),
          ],
        });
      }
    }
  },
};

function sharedServer(gateway: Gateway, other: Gateway): readonly [number, number] | null {
  for (const [index, server] of objects(object(gateway.spec).servers)) {
    for (const [otherIndex, otherServer] of objects(object(other.spec).servers)) {
      if (server.tls && otherServer.tls && isSameCertificate(object(server.tls), object(otherServer.tls))) return [index, otherIndex];
    }
  }
  return null;
}

function isSameCertificate(a: Partial<Tls>, b: Partial<Tls>): boolean {
  if (a.credentialName || b.credentialName) return a.credentialName === b.credentialName;
  return Boolean(a.serverCertificate && a.serverCertificate === b.serverCertificate && a.privateKey && a.privateKey === b.privateKey);
}
