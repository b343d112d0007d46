import { FieldHeaders } from './headers.ts';

/** An answer that the proxy makes itself. */
export interface LocalReply {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Response flag, `''` for none. */
  readonly flag: string;
  /** Envoy's `response_code_details`. */
  readonly details: string;
  /** Status for gRPC clients; null to derive it from the HTTP status. */
  readonly grpcStatus: number | null;
}

/** A reply with Envoy's plain texts. */
export function localReply(status: number, body: string, flag: string, details: string): LocalReply {
  return { status, body, headers: [], flag, details, grpcStatus: null };
}

const grpcStatusByHttp: Readonly<Record<number, number>> = { 400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14 };

/** gRPC status for an HTTP status (grpc's http-grpc-status-mapping). */
export function grpcStatusOf(httpStatus: number): number {
  return grpcStatusByHttp[httpStatus] ?? 2;
}

/** A rendered reply. */
export interface RenderedReply {
  readonly status: number;
  readonly headers: FieldHeaders;
  readonly body: Buffer | null;
}

/** Renders a reply for the client at hand: gRPC clients get status 200 with `grpc-status`, HEAD requests no body. */
export function renderLocalReply(reply: LocalReply, request: { isGrpc: boolean; isHead: boolean }): RenderedReply {
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : Buffer.from(reply.body);
  const headers = new FieldHeaders();
  if (request.isGrpc) {
    for (const [name, value] of reply.headers) headers.set(name, value);
    headers.set('content-type', 'application/grpc');
    headers.set('grpc-status', String(reply.grpcStatus ?? grpcStatusOf(reply.status)));
    if (body.length > 0) headers.set('grpc-message', percentEncode(body));
    return { status: 200, headers, body: null };
  }
  if (body.length > 0) {
    headers.set('content-length', String(body.length));
    headers.set('content-type', 'text/plain');
  }
  for (const [name, value] of reply.headers) headers.set(name, value);
  return { status: reply.status, headers, body: request.isHead || body.length === 0 ? null : body };
}

/** gRPC's percent encoding of `grpc-message`. */
export function percentEncode(text: Uint8Array): string {
  let encoded = '';
  for (const byte of text) {
    encoded += byte < 32 || byte > 126 || byte === 37 ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}` : String.fromCharCode(byte);
  }
  return encoded;
}
