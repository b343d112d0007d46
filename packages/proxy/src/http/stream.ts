import type { Headers } from './headers.ts';

/** HTTP version of one hop, as access logs name it. */
export type HttpProtocol = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';

/** Request head in a form both HTTP versions share. Rewritten in place on its way upstream. */
export interface RequestHead {
  method: string;
  /** Path with query, always starting with `/` except for CONNECT and `OPTIONS *`. */
  path: string;
  authority: string;
  scheme: string;
  /** Upgrade token (`websocket`) or null. */
  upgrade: string | null;
  headers: Headers;
}

/** Why an upstream stream ended early. */
export type ResetReason =
  | 'connectFailure'
  | 'connectTimeout'
  | 'connectionTermination'
  | 'remoteReset'
  | 'refusedStream'
  | 'protocolError'
  | 'overflow'
  | 'localReset';

/** The client's side of a stream: the codec that the response goes to. */
export interface DownstreamStream {
  readonly protocol: HttpProtocol;
  /** Local replies to gRPC-Web calls keep their HTTP status. */
  readonly isGrpcWeb: boolean;
  /** Bytes of the request and of the response as they are on the wire, heads and framing included. */
  readonly wireBytesReceived: number;
  readonly wireBytesSent: number;
  sendInformational(status: number, headers: Headers): void;
  /** Starts the response. Text may wait for the first data of the same turn, so `flush` must follow. */
  sendHead(status: number, headers: Headers, end: boolean): void;
  /** Answers false when the source should pause until `onDownstreamDrain`. */
  sendData(bytes: Buffer, from: number, to: number, end: boolean): boolean;
  sendTrailers(trailers: Headers): void;
  flush(): void;
  /** Breaks the stream so that the client cannot take what it has for complete. */
  abort(): void;
  /** Stops and starts reading the request body. */
  pause(): void;
  resume(): void;
  /** Lets this connection serve no further request after this one. */
  closeAfterResponse(): void;
  /** How long the rest of a complete response waits for the client; 0 for ever. Only where streams have windows of their own. */
  setFlushTimeout?(ms: number): void;
}

/** What a downstream codec tells the exchange that it created. */
export interface DownstreamEvents {
  onRequestData(bytes: Buffer, from: number, to: number, end: boolean): void;
  onRequestTrailers(trailers: Headers): void;
  /** The client reset the stream with an error code of HTTP/2, or (null) is gone. */
  onDownstreamReset(code: number | null): void;
  /** The request's framing broke: it cannot go on, and nothing more of this connection can be trusted. */
  onDownstreamError(details: string): void;
  onDownstreamDrain(): void;
  /** The codec's read callback is over: text that waits for data should go out. */
  onReadEnd(): void;
}

/** The upstream's side of a stream. */
export interface UpstreamStream {
  readonly protocol: HttpProtocol;
  sendHead(head: RequestHead, end: boolean): void;
  sendData(bytes: Buffer, from: number, to: number, end: boolean): boolean;
  sendTrailers(trailers: Headers): void;
  flush(): void;
  /** Gives the stream up: a multiplexed stream is reset, an HTTP/1.1 connection closed. */
  abort(): void;
  pause(): void;
  resume(): void;
}

/** What an upstream codec tells the attempt that uses its stream. */
export interface UpstreamEvents {
  onInformational(status: number, headers: Headers): void;
  onResponseHead(status: number, headers: Headers, end: boolean): void;
  onResponseData(bytes: Buffer, from: number, to: number, end: boolean): void;
  onResponseTrailers(trailers: Headers): void;
  onUpstreamReset(reason: ResetReason): void;
  onUpstreamDrain(): void;
  onReadEnd(): void;
}
