import type { IncomingMessage } from 'node:http';

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Why a request is refused, or null. Only names of this computer are taken as Host, so that no page can reach the agent by a name that its owner
 * points here (DNS rebinding); a page's own requests must come from the agent's or the console's origin.
 */
export function refusalOf(request: Pick<IncomingMessage, 'headers'>, origins: readonly string[]): string | null {
  const host = request.headers.host ?? '';
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (!loopbackNames.has(name)) return `the host "${host}" is not this computer: use 127.0.0.1 or localhost`;
  const { origin } = request.headers;
  if (origin === undefined || origin === `http://${host}` || origins.includes(origin)) return null;
  return `requests from pages of ${origin} are not taken`;
}
