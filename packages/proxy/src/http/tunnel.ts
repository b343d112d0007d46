import type { ForwardActionPlan } from '@weft/core/plan/route-plan';
import type { ExchangeRecord } from './exchange-record.ts';
import { failureDetail } from './upstream-failure.ts';

/** Whether a request opens a tunnel that ends at the cluster's hosts. */
export function takesTunnel({ head }: ExchangeRecord, { connect }: ForwardActionPlan): boolean {
  if (connect === null) return false;
  return head.method === 'CONNECT' || (connect.allowsPost && head.method === 'POST');
}

/** Notes, as Envoy does, that a tunnel through an HTTP/1.1 upstream is broken when that upstream is done first. */
export function noteTunnelEnd(exchange: ExchangeRecord, action: ForwardActionPlan): void {
  if (!exchange.isTunnel || exchange.upstreamProtocol !== 'HTTP/1.1' || takesTunnel(exchange, action)) return;
  exchange.flag('UC');
  exchange.details = `upstream_reset_after_response_started{${failureDetail('connectionTermination')}}`;
}
