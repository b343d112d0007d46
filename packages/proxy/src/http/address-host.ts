import type { UpstreamTransportPlan } from '@weft/core/plan/cluster-plan';
import type { ForwardActionPlan } from '@weft/core/plan/route-plan';
import type { Host } from '../upstream/host.ts';
import type { ExchangeRecord } from './exchange-record.ts';

/** Writes into a request what depends on the host that it goes to: its name where the route asks for that, and the scheme of its connections. */
export function addressHost({ head, origin }: ExchangeRecord, host: Host, { hostRewrite }: ForwardActionPlan): void {
  if (hostRewrite?.kind === 'auto' && host.endpoint.hostname !== '') head.authority = host.endpoint.hostname;
  if (origin.manager.schemeHeader.matchUpstream) head.scheme = isSecure(host.transport) ? 'https' : 'http';
}

function isSecure(transport: UpstreamTransportPlan): boolean {
  return transport.kind === 'proxyProtocol' ? isSecure(transport.inner) : transport.kind === 'tls';
}
