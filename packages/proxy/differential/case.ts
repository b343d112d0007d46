/** One request sent through both proxies. */
export interface Case {
  readonly name: string;
  readonly setup: string;
  /** Bytes to send, in pieces with a short pause between; or a request to make them of. */
  readonly raw?: readonly string[];
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Milliseconds between the pieces, and after the last; 15 without. */
  readonly pauseMs?: number;
  /** Compares header names in their case too. */
  readonly keepsCase?: boolean;
  /** Why the log differs on purpose; all else is compared. */
  readonly logs?: string;
  /** Why Weft differs on purpose; such a case is only run. */
  readonly accepted?: string;
}

/** A GET request. */
export const get = (setup: string, path: string, headers: readonly string[] = [], more: Partial<Case> = {}): Case => ({
  name: `${setup}: GET ${path}${headers.length > 0 ? ` with ${headers.join(', ')}` : ''}${more.host ? ` for ${more.host}` : ''}`,
  setup,
  path,
  headers,
  ...more,
});
/** A request with a body (may be empty). */
export const send = (setup: string, method: string, path: string, body: string, headers: readonly string[] = []): Case => ({
  name: `${setup}: ${method} ${path}${body === '' ? '' : ` with a body of ${body.length}`}${headers.length > 0 ? ` and ${headers.join(', ')}` : ''}`,
  setup,
  method,
  path,
  body,
  headers,
});
/** Bytes as they are; `CASE` in them becomes the case's own id, by which its log entry is found. */
export const raw = (name: string, pieces: readonly string[], setup = 'plain', accepted?: string): Case => ({
  name: `raw: ${name}${setup === 'plain' ? '' : ` (${setup})`}`,
  setup,
  raw: pieces,
  ...(accepted === undefined ? {} : { accepted }),
});
