import type { ExchangeConnection, ExchangeView } from '../http/exchange-view.ts';

/** What access logs and CEL expressions read of a request, or of a TCP connection (which has no head and no answer). */
export interface LogEntry
  extends Pick<
    ExchangeView,
    | 'startedAt'
    | 'startedMonotonic'
    | 'originalPath'
    | 'originalAuthority'
    | 'method'
    | 'path'
    | 'authority'
    | 'scheme'
    | 'protocol'
    | 'connection'
    | 'remote'
    | 'requestId'
    | 'requestBytes'
    | 'responseBytes'
    | 'wireBytesReceived'
    | 'wireBytesSent'
    | 'responseStatus'
    | 'responseHeaders'
    | 'responseTrailers'
    | 'grpcStatus'
    | 'isGrpc'
    | 'flags'
    | 'details'
    | 'transportFailure'
    | 'decision'
    | 'cluster'
    | 'host'
    | 'triedHosts'
    | 'attemptCount'
    | 'requestEndedAt'
    | 'responseStartedAt'
    | 'endedAt'
    | 'upstreamLocalAddress'
    | 'upstreamProtocol'
    | 'upstreamPrincipal'
    | 'localPrincipal'
    | 'downstreamPeer'
    | 'upstreamPeer'
    | 'localReplyBody'
    | 'span'
    | 'upstreamSocket'
    | 'upstreamWireBytes'
    | 'upstreamOpening'
    | 'poolReadyMs'
    | 'header'
    | 'headerValues'
    | 'headers'
  > {
  /** Why a connection that its peers did not end was ended; `''` for none. */
  readonly terminationDetails: string;
  /** The gRPC status of a gRPC request; what is no gRPC answer counts by its HTTP status. */
  readonly loggedGrpcStatus: number | null;
  readonly origin: Pick<ExchangeConnection, 'chain' | 'direction' | 'listenerName'>;
}
