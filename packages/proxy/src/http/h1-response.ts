import type { Http1OptionsPlan } from '@weft/core/plan/cluster-plan';
import { framing } from './h1-head.ts';
import type { H1Writer } from './h1-writer.ts';
import { headerLine, headerLines } from './header-case.ts';
import type { Headers } from './headers.ts';
import { reasonPhrase } from './status-text.ts';

/** The request that a response answers, as far as its head depends on it. */
export interface AnsweredRequest {
  readonly isHead: boolean;
  readonly minorVersion: number;
  /** Token of the upgrade that a 101 grants. */
  readonly upgrade: string;
}

/** Makes the heads of responses on one HTTP/1.x connection: how the body is framed, and what becomes of the connection. */
export class H1ResponseHeads {
  readonly #writer: H1Writer;
  readonly #options: Http1OptionsPlan;

  constructor(writer: H1Writer, options: Http1OptionsPlan) {
    this.#writer = writer;
    this.#options = options;
  }

  /** The head of a response that becomes a tunnel: all that follows is payload. */
  tunnel(status: number, headers: Headers, request: AnsweredRequest): string {
    this.#writer.framing = framing.untilClose;
    return `${this.#start(status, headers)}${this.#connectionLines(status, headers, request, false)}`;
  }

  /** Chooses how the body is framed and answers the lines that say so; `end`: there is no body. */
  frame(status: number, headers: Headers, end: boolean, request: AnsweredRequest): string {
    const writer = this.#writer;
    if (status === 204 || status === 304 || (status >= 100 && status < 200)) {
      if (status !== 304) headers.remove('content-length');
      writer.framing = framing.none;
      return '';
    }
    const hasLength = headers.get('content-length') !== undefined;
    if (request.isHead) {
      writer.framing = framing.none;
      // As Envoy: what a GET would be answered with is not known to be of any length.
      return hasLength || request.minorVersion === 0 ? '' : this.#line(headers, 'transfer-encoding', 'chunked');
    }
    if (hasLength) {
      writer.framing = framing.length;
      return '';
    }
    if (end) {
      writer.framing = framing.none;
      return this.#line(headers, 'content-length', '0');
    }
    if (request.minorVersion === 0) {
      writer.framing = framing.untilClose;
      return '';
    }
    writer.framing = framing.chunked;
    return this.#line(headers, 'transfer-encoding', 'chunked');
  }

  /** The whole head of an answer with the framing lines of `frame`. */
  answer(status: number, headers: Headers, framingLines: string, request: AnsweredRequest, closes: boolean): string {
    return `${this.#start(status, headers, framingLines)}${this.#connectionLines(status, headers, request, closes)}`;
  }

  informational(status: number, headers: Headers): string {
    return `${this.#start(status, headers)}\r\n`;
  }

  #start(status: number, headers: Headers, framingLines = ''): string {
    return `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${framingLines}${headerLines(headers, this.#options.headerCase)}`;
  }

  /** What the head says of the connection, and the empty line after it. */
  #connectionLines(status: number, headers: Headers, request: AnsweredRequest, closes: boolean): string {
    if (status === 101) return `${this.#line(headers, 'connection', 'upgrade')}${this.#line(headers, 'upgrade', request.upgrade)}\r\n`;
    if (closes) return `${this.#line(headers, 'connection', 'close')}\r\n`;
    if (request.minorVersion === 0) return `${this.#line(headers, 'connection', 'keep-alive')}\r\n`;
    return '\r\n';
  }

  #line(headers: Headers, name: string, value: string): string {
    return headerLine(headers, name, value, this.#options.headerCase);
  }
}
