import { connectErrorPrefix } from '../upstream/transport.ts';
import { type LocalReply, localReply } from './local-reply.ts';
import type { ResetReason } from './stream.ts';

/** The answer to a request whose last try failed before it brought a response. `details` is the transport's, `''` for none. */
export function upstreamFailureReply(reason: ResetReason, details: string, wasRetried: boolean): LocalReply {
  if (reason === 'overflow') return overflowReply();
  const why = details === '' || details.startsWith(connectErrorPrefix) ? '' : `, transport failure reason: ${details}`;
  const text = `upstream connect error or disconnect/reset before headers. ${wasRetried ? 'retried and the latest ' : ''}reset reason: ${reasonText(reason)}${why}`;
  const suffix = details === '' ? '' : `|${details.replaceAll(' ', '_')}`;
  const status = reason === 'protocolError' ? 502 : 503;
  return localReply(status, text, failureFlag(reason), `upstream_reset_before_response_started{${failureDetail(reason)}${suffix}}`);
}

/** The reply to a request that the endpoints' assignment wants refused (`drop_overloads`). */
export function dropReply(): LocalReply {
  const reply = localReply(503, 'unconditional drop overload', 'UDO', 'unconditional_drop_overload');
  return { ...reply, headers: [['x-envoy-unconditional-drop-overload', 'true']] };
}

/** The answer to a request that a circuit breaker holds back. */
export function overflowReply(): LocalReply {
  const reply = localReply(
    503,
    'upstream connect error or disconnect/reset before headers. reset reason: overflow',
    'UO',
    'upstream_reset_before_response_started{overflow}',
  );
  return { ...reply, headers: [['x-envoy-overloaded', 'true']] };
}

/** Response flag of a reset. */
export function failureFlag(reason: ResetReason): string {
  switch (reason) {
    case 'connectFailure':
    case 'connectTimeout':
      return 'UF';
    case 'connectionTermination':
      return 'UC';
    case 'remoteReset':
    case 'refusedStream':
      return 'UR';
    case 'protocolError':
      return 'UPE';
    case 'overflow':
      return 'UO';
    case 'localReset':
      return 'LR';
  }
}

/** A reset as `response_code_details` name it. */
export function failureDetail(reason: ResetReason): string {
  return reasonText(reason).replaceAll(' ', '_');
}

function reasonText(reason: ResetReason): string {
  switch (reason) {
    case 'connectFailure':
      return 'remote connection failure';
    case 'connectTimeout':
      return 'connection timeout';
    case 'connectionTermination':
      return 'connection termination';
    case 'remoteReset':
      return 'remote reset';
    case 'refusedStream':
      return 'remote refused stream reset';
    case 'protocolError':
      return 'protocol error';
    case 'overflow':
      return 'overflow';
    case 'localReset':
      return 'local reset';
  }
}
