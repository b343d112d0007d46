import { isIP } from 'node:net';
import type { UpstreamProtocolPlan, UpstreamTransportPlan } from '@weft/core/plan/cluster-plan';
import type { ConnectionFacts, RequestFacts } from '@weft/core/plan/facts';
import type { UpstreamHost } from './upstream-host.ts';

/** What of the downstream a connection shows to its upstream, where it shows anything: connections are shared only where it is the same. */
export interface ConnectionIdentity {
  readonly key: string;
  /** Whose addresses the PROXY protocol tells; null where it is not spoken. */
  readonly downstream: ConnectionFacts | null;
  /** Server name and name to verify, taken from the request; `''` = those of the configuration. An address is verified only. */
  readonly serverName: string;
}

/** The identity that a connection to a host needs for a request; null for the usual, where all connections are alike. */
export function identityFor(
  host: UpstreamHost,
  connection: ConnectionFacts | null,
  request: RequestFacts | null,
): ConnectionIdentity | null {
  const { protocol, poolsPerConnection } = host.cluster.plan;
  const tellsDownstream = host.transport.kind === 'proxyProtocol';
  if (!tellsDownstream && !poolsPerConnection && !protocol.autoSni && !protocol.autoSanValidation) return null;
  const downstream = tellsDownstream ? connection : null;
  const serverName =
    request !== null && usesTls(host.transport) && (protocol.autoSni || protocol.autoSanValidation) ? nameOf(request, protocol) : '';
  const owner = poolsPerConnection && connection !== null ? idOf(connection) : '';
  if (downstream === null && serverName === '' && owner === '') return null;
  const told =
    downstream === null
      ? ''
      : `${downstream.source.text}:${downstream.sourcePort}>${downstream.destination.text}:${downstream.destinationPort}`;
  return { key: `${told} ${serverName} ${owner}`, downstream, serverName };
}

const ids = new WeakMap<ConnectionFacts, string>();
let lastId = 0;

/** Tells a downstream connection from all others. */
function idOf(connection: ConnectionFacts): string {
  const known = ids.get(connection);
  if (known !== undefined) return known;
  const id = String(++lastId);
  ids.set(connection, id);
  return id;
}

function usesTls(transport: UpstreamTransportPlan): boolean {
  return transport.kind === 'tls' || (transport.kind === 'proxyProtocol' && usesTls(transport.inner));
}

/** The host that the request names, without its port; of an address nothing is told, so it counts only where names are verified. */
function nameOf(request: RequestFacts, { overrideAutoSniHeader: header, autoSanValidation }: UpstreamProtocolPlan): string {
  const authority = (header === '' ? undefined : request.header(header.toLowerCase())) ?? request.authority;
  const name = authority.replace(/:\d+$/, '').toLowerCase();
  const bare = name.replace(/^\[|\]$/g, '');
  if (isIP(bare) === 0) return name;
  return autoSanValidation ? bare : '';
}
