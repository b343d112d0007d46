import type {
  Http1ProtocolOptionsJson,
  Http2ProtocolOptionsJson,
  HttpProtocolOptionsJson,
} from '@weft/envoy-api/envoy/config/core/v3/protocol_pb';
import type { CommonHttpOptionsPlan, Http1OptionsPlan, Http2OptionsPlan } from './cluster-plan.ts';
import { durationMs } from './read.ts';

/** HTTP/1.1 options. */
export function buildHttp1Options(json: Http1ProtocolOptionsJson = {}): Http1OptionsPlan {
  const format = json.headerKeyFormat;
  return {
    allowAbsoluteUrl: json.allowAbsoluteUrl ?? true,
    acceptHttp10: json.acceptHttp10 ?? false,
    defaultHostForHttp10: json.defaultHostForHttp10 ?? '',
    headerCase: format?.statefulFormatter ? 'preserve' : format?.properCaseWords ? 'proper' : 'lower',
    enableTrailers: json.enableTrailers ?? false,
    allowChunkedLength: json.allowChunkedLength ?? false,
    overrideStreamErrorOnInvalidMessage: json.overrideStreamErrorOnInvalidHttpMessage ?? false,
    sendFullyQualifiedUrl: json.sendFullyQualifiedUrl ?? false,
  };
}

const mebibyte = 1024 * 1024;

/** HTTP/2 options; the defaults are what Envoy 1.40 announces. */
export function buildHttp2Options(json: Http2ProtocolOptionsJson = {}): Http2OptionsPlan {
  const keepalive = json.connectionKeepalive;
  return {
    hpackTableSize: json.hpackTableSize ?? 4096,
    maxConcurrentStreams: json.maxConcurrentStreams ?? 1024,
    initialStreamWindowBytes: json.initialStreamWindowSize ?? 16 * mebibyte,
    initialConnectionWindowBytes: json.initialConnectionWindowSize ?? 24 * mebibyte,
    allowConnect: json.allowConnect ?? false,
    allowMetadata: json.allowMetadata ?? false,
    maxOutboundFrames: json.maxOutboundFrames ?? 10_000,
    maxOutboundControlFrames: json.maxOutboundControlFrames ?? 1000,
    maxConsecutiveInboundEmptyFrames: json.maxConsecutiveInboundFramesWithEmptyPayload ?? 1,
    maxInboundPriorityFramesPerStream: json.maxInboundPriorityFramesPerStream ?? 100,
    maxInboundWindowUpdatesPerDataFrameSent: json.maxInboundWindowUpdateFramesPerDataFrameSent ?? 10,
    overrideStreamErrorOnInvalidMessage: json.overrideStreamErrorOnInvalidHttpMessage ?? json.streamErrorOnInvalidHttpMessaging ?? false,
    keepalive: keepalive
      ? {
          intervalMs: durationMs(keepalive.interval, 0),
          timeoutMs: durationMs(keepalive.timeout, 0),
          jitterPercent: Number(keepalive.intervalJitter?.value ?? 15),
          idleIntervalMs: durationMs(keepalive.connectionIdleInterval, null),
        }
      : null,
  };
}

/** Options of both HTTP versions; the idle timeout's default is an hour. */
export function buildCommonHttpOptions(json: HttpProtocolOptionsJson = {}): CommonHttpOptionsPlan {
  const action = json.headersWithUnderscoresAction;
  return {
    idleTimeoutMs: durationMs(json.idleTimeout, 3_600_000),
    maxConnectionDurationMs: durationMs(json.maxConnectionDuration, 0),
    maxHeadersCount: json.maxHeadersCount ?? 100,
    maxResponseHeadersKb: (json as { readonly maxResponseHeadersKb?: number }).maxResponseHeadersKb ?? 60,
    maxStreamDurationMs: durationMs(json.maxStreamDuration, 0),
    headersWithUnderscores: action === 'REJECT_REQUEST' || action === 'DROP_HEADER' ? action : 'ALLOW',
    maxRequestsPerConnection: json.maxRequestsPerConnection ?? 0,
  };
}
