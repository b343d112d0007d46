import { WireHeaders } from './wire-headers.ts';

/** What a hop accepts of heads. */
export interface HeadLimits {
  /** Most bytes of target, names and values together. */
  readonly maxBytes: number;
  readonly maxFields: number;
  /** Lets a content length stand beside chunks; it is taken out. */
  readonly allowsChunkedLength: boolean;
  readonly underscores: 'ALLOW' | 'REJECT_REQUEST' | 'DROP_HEADER';
  /** Keeps header names as they are spelled. */
  readonly keepsCase: boolean;
}

/** Envoy's defaults. */
export const defaultHeadLimits: HeadLimits = {
  maxBytes: 60 * 1024,
  maxFields: 100,
  allowsChunkedLength: false,
  underscores: 'ALLOW',
  keepsCase: false,
};

/** How many bytes a message's body has: none, a given length, chunks, or all until the end of the connection. */
export const framing = { none: 0, length: 1, chunked: 2, untilClose: 3 } as const;
export type Framing = (typeof framing)[keyof typeof framing];

/** Why a head was refused: the status Envoy answers and its response code details. */
export interface HeadError {
  readonly status: number;
  readonly details: string;
  /** Text of the answer; the status' own without. */
  readonly body?: string;
  /** Response flag; `DPE` without. */
  readonly flag?: string;
}

/** The refusals that Envoy's parser knows. */
export const headErrors = {
  badRequest: { status: 400, details: 'http1.codec_error' },
  invalidTransferEncoding: { status: 501, details: 'http1.invalid_transfer_encoding' },
  bothLengths: { status: 400, details: 'http1.content_length_and_chunked_not_allowed' },
  tooManyHeaders: { status: 431, details: 'http1.too_many_headers' },
  headTooLarge: { status: 431, details: 'http1.headers_too_large' },
  badConnection: { status: 400, details: 'http1.connection_header_rejected' },
  badAuthority: { status: 400, details: 'http.invalid_authority' },
  underscore: { status: 400, details: 'http1.unexpected_underscore' },
  /** For versions that are not spoken. */
  upgradeRequired: { status: 426, details: 'low_version' },
} as const satisfies Readonly<Record<string, HeadError>>;

/** One parsed HTTP/1.1 head. Reused by its connection: valid until the next message starts. */
export class H1Head {
  readonly limits: HeadLimits;
  readonly headers: WireHeaders;
  method = '';
  target = '';
  status = 0;
  minorVersion = 1;
  /** The `host` header's value, null where there is none. */
  host: string | null = null;
  contentLength = -1;
  isChunked = false;
  hasTransferEncoding = false;
  wantsClose = false;
  wantsKeepAlive = false;
  /** The `keep-alive` header's value, `''` without. */
  keepAlive = '';
  /** The protocol asked for by `upgrade`, where `connection` lists it. */
  upgrade: string | null = null;
  expectsContinue = false;
  /** Set when the parser answers -1. */
  error: HeadError = headErrors.badRequest;

  constructor(limits: HeadLimits = defaultHeadLimits) {
    this.limits = limits;
    this.headers = new WireHeaders(limits.keepsCase);
  }
}
