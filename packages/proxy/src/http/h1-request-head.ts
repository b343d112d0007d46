import type { Http1OptionsPlan } from '@weft/core/plan/cluster-plan';
import { type Framing, framing } from './h1-head.ts';
import { headerLine, headerLines } from './header-case.ts';
import type { RequestHead } from './stream.ts';

/** How the body of a request is framed; `end`: there is none. */
export function requestFraming(head: RequestHead, end: boolean): Framing {
  if (head.upgrade !== null || head.method === 'CONNECT') return framing.untilClose;
  if (end) return framing.none;
  return head.headers.get('content-length') !== undefined ? framing.length : framing.chunked;
}

/** The whole head of a request whose body is framed so. */
export function requestHead(head: RequestHead, bodyFraming: Framing, options: Http1OptionsPlan): string {
  const { headers, method } = head;
  const { headerCase } = options;
  let text = `${method} ${target(head, options)} HTTP/1.1\r\n${headerLine(headers, 'host', head.authority, headerCase)}`;
  if (bodyFraming === framing.chunked) text += headerLine(headers, 'transfer-encoding', 'chunked', headerCase);
  // A method that usually has a body says that it has none.
  else if (bodyFraming === framing.none && mayExpectBody(method) && headers.get('content-length') === undefined)
    text += headerLine(headers, 'content-length', '0', headerCase);
  text += headerLines(headers, headerCase);
  if (head.upgrade !== null)
    text += headerLine(headers, 'connection', 'upgrade', headerCase) + headerLine(headers, 'upgrade', head.upgrade, headerCase);
  return `${text}\r\n`;
}

function target({ method, path, scheme, authority }: RequestHead, { sendFullyQualifiedUrl }: Http1OptionsPlan): string {
  if (sendFullyQualifiedUrl && path.startsWith('/')) return `${scheme}://${authority}${path}`;
  return method === 'CONNECT' ? authority : path;
}

function mayExpectBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'DELETE' && method !== 'TRACE' && method !== 'CONNECT';
}
