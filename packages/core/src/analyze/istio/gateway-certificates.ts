import type { Labels } from '../../base/labels.ts';
import type { Gateway, GatewaySpec } from '../../resource/kinds.ts';
import type { Finding, SetAnalyzer } from '../analyzer.ts';
import { object, objects } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { createLabelIndex, type LabelIndex } from '../label-index.ts';
import { fact, nameOf } from '../proof.ts';
import { gatewaySelector } from './gateway-selector.ts';

type Tls = NonNullable<NonNullable<NonNullable<GatewaySpec['servers']>[number]>['tls']>;

interface CertificateUse {
  readonly certificate: string;
  readonly gateway: Gateway;
  /** The labels of the workloads that the Gateway is for. */
  readonly selector: Labels;
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
    const byCertificate = new Map<string, LabelIndex<CertificateUse>>();
    for (const [certificate, same] of groupBy(uses, (use) => use.certificate)) {
      byCertificate.set(
        certificate,
        createLabelIndex(same, (use) => use.selector),
      );
    }
    for (const own of groupBy(uses, (use) => use.gateway).values()) {
      for (const finding of exact ? allDuplicates(own, byCertificate) : firstDuplicate(own, byCertificate)) report(finding);
    }
  },
};

/** The certificates a Gateway serves, by name or else by files. */
function usesOf(gateway: Gateway): readonly CertificateUse[] {
  const selector = gatewaySelector(gateway);
  return objects(object(gateway.spec).servers).flatMap(([server, { tls }]) => {
    const { credentialName, serverCertificate, privateKey } = object<Tls>(tls);
    const files = serverCertificate && privateKey ? `files ${serverCertificate} ${privateKey}` : null;
    const certificate = credentialName ? `secret ${credentialName}` : files;
    return certificate === null ? [] : [{ certificate, gateway, selector, server }];
  });
}

/** Istio reports each pair of Gateways. */
function allDuplicates(own: readonly CertificateUse[], byCertificate: ReadonlyMap<string, LabelIndex<CertificateUse>>): readonly Finding[] {
  const shared = new Map<Gateway, Finding>();
  for (const use of own) {
    for (const other of byCertificate.get(use.certificate)?.matching(use.selector) ?? []) {
      if (other.gateway !== use.gateway && !shared.has(other.gateway)) shared.set(other.gateway, duplicate(use, other));
    }
  }
  return [...shared.values()];
}

/** One other Gateway is enough to act on. */
function firstDuplicate(
  own: readonly CertificateUse[],
  byCertificate: ReadonlyMap<string, LabelIndex<CertificateUse>>,
): readonly Finding[] {
  for (const use of own) {
    const other = byCertificate.get(use.certificate)?.find(use.selector, ({ gateway }) => gateway !== use.gateway);
    if (other) return [duplicate(use, other)];
  }
  return [];
}

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
