import type { HttpConnectionManagerPlan } from '@weft/core/plan/http-connection-plan';
import type { Headers } from './headers.ts';
import { type LocalReply, localReply } from './local-reply.ts';
import type { DownstreamEvents, DownstreamStream, HttpProtocol, RequestHead } from './stream.ts';

const webTypes = new Set(['application/grpc-web', 'application/grpc-web+proto']);
const textTypes = new Set(['application/grpc-web-text', 'application/grpc-web-text+proto']);

/** An exchange that can be answered from here. */
export interface AnsweringExchange extends DownstreamEvents {
  reply(reply: LocalReply): void;
}

/** Whether the connection manager runs the grpc_web filter and the request is one for it. */
export function isGrpcWeb(manager: HttpConnectionManagerPlan, request: RequestHead): boolean {
  if (!manager.filters.some(({ config, disabled }) => config.kind === 'grpcWeb' && !disabled)) return false;
  const type = request.headers.get('content-type') ?? '';
  return webTypes.has(type) || textTypes.has(type);
}

/**
 * Makes a gRPC call of a gRPC-Web one and its answer gRPC-Web again (Envoy's grpc_web filter): stands between the codec and the exchange.
 * In the text form both bodies are base64; trailers go out as a last frame of the body.
 */
export class GrpcWebStream implements DownstreamStream {
  readonly isGrpcWeb = true;
  #stream: DownstreamStream;
  #isTextRequest: boolean;
  #isTextResponse: boolean;

  /** Turns the request's head into that of a gRPC call. */
  constructor(stream: DownstreamStream, request: RequestHead) {
    this.#stream = stream;
    const { headers } = request;
    this.#isTextRequest = textTypes.has(headers.get('content-type') ?? '');
    this.#isTextResponse = textTypes.has(headers.get('accept') ?? '');
    headers.set('content-type', 'application/grpc');
    headers.remove('content-length');
    headers.set('te', 'trailers');
    headers.set('grpc-accept-encoding', 'identity');
  }

  get protocol(): HttpProtocol {
    return this.#stream.protocol;
  }
  get wireBytesReceived(): number {
    return this.#stream.wireBytesReceived;
  }
  get wireBytesSent(): number {
    return this.#stream.wireBytesSent;
  }

  /** The events to give to the codec: those of the exchange, with a text body decoded. */
  events(exchange: AnsweringExchange): DownstreamEvents {
    return this.#isTextRequest ? new TextRequest(exchange) : exchange;
  }

  sendInformational(status: number, headers: Headers): void {
    this.#stream.sendInformational(status, headers);
  }

  sendHead(status: number, headers: Headers, end: boolean): void {
    headers.set('content-type', this.#isTextResponse ? 'application/grpc-web-text+proto' : 'application/grpc-web+proto');
    this.#stream.sendHead(status, headers, end);
  }

  sendData(bytes: Buffer, from: number, to: number, end: boolean): boolean {
    return this.#isTextResponse ? this.#sendText(bytes.subarray(from, to), end) : this.#stream.sendData(bytes, from, to, end);
  }

  sendTrailers(trailers: Headers): void {
    const frame = trailerFrame(trailers);
    this.sendData(frame, 0, frame.length, true);
  }

  flush(): void {
    this.#stream.flush();
  }
  abort(): void {
    this.#stream.abort();
  }
  pause(): void {
    this.#stream.pause();
  }
  resume(): void {
    this.#stream.resume();
  }
  closeAfterResponse(): void {
    this.#stream.closeAfterResponse();
  }

  /** Each part is base64 of its own, so that no byte waits for the next; clients take the parts one by one. */
  #sendText(part: Buffer, end: boolean): boolean {
    const text = Buffer.from(part.toString('base64'), 'latin1');
    return this.#stream.sendData(text, 0, text.length, end);
  }
}

/** Decodes a base64 body. */
class TextRequest implements DownstreamEvents {
  #exchange: AnsweringExchange;
  #rest = '';

  constructor(exchange: AnsweringExchange) {
    this.#exchange = exchange;
  }

  onRequestData(bytes: Buffer, from: number, to: number, end: boolean): void {
    const text = this.#rest + bytes.latin1Slice(from, to);
    const whole = text.length - (text.length % 4);
    this.#rest = text.slice(whole);
    if (!isBase64.test(text.slice(0, whole)) || (end && this.#rest !== '')) {
      this.#exchange.reply(badText);
      return;
    }
    const decoded = Buffer.from(text.slice(0, whole), 'base64');
    this.#exchange.onRequestData(decoded, 0, decoded.length, end);
  }

  onRequestTrailers(trailers: Headers): void {
    this.#exchange.onRequestTrailers(trailers);
  }
  onDownstreamReset(code: number | null): void {
    this.#exchange.onDownstreamReset(code);
  }
  onDownstreamError(details: string): void {
    this.#exchange.onDownstreamError(details);
  }
  onDownstreamDrain(): void {
    this.#exchange.onDownstreamDrain();
  }
  onReadEnd(): void {
    this.#exchange.onReadEnd();
  }
}

const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/;
const badText: LocalReply = {
  ...localReply(400, 'Bad gRPC-web request, invalid base64 data.', '', 'grpc_base_64_decode_failed'),
  grpcStatus: 13,
};

/** A frame with the flag for trailers: its payload is their lines. */
function trailerFrame(trailers: Headers): Buffer {
  let lines = '';
  trailers.each((name, value) => {
    lines += `${name}:${value}\r\n`;
  });
  const frame = Buffer.alloc(5 + lines.length);
  frame[0] = 0x80;
  frame.writeUInt32BE(lines.length, 1);
  frame.latin1Write(lines, 5);
  return frame;
}
