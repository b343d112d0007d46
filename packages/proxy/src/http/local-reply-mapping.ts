import { passesFilter } from '../telemetry/access-log.ts';
import { evaluateFormat } from '../telemetry/format.ts';
import { renderEntry } from '../telemetry/render-entry.ts';
import type { ExchangeView } from './exchange-view.ts';
import type { LocalReply } from './local-reply.ts';

/** Applies the connection manager's `local_reply_config`: the first mapper that matches, then the common body format. */
export function mapLocalReply(exchange: ExchangeView, reply: LocalReply): LocalReply {
  const config = exchange.origin.manager.localReply;
  if (config === null) return reply;
  exchange.responseStatus = reply.status;
  const mapper = config.mappers.find(({ filter }) => passesFilter(filter, exchange, exchange.context.random));
  const status = mapper?.status ?? reply.status;
  const text = mapper?.body ?? (typeof reply.body === 'string' ? reply.body : Buffer.from(reply.body).toString());
  const added = (mapper?.headersToAdd ?? []).map(({ name, value }) => [name, evaluateFormat(value, exchange, '')] as const);
  const format = mapper?.bodyFormat ?? config.bodyFormat;
  exchange.responseStatus = status;
  exchange.localReplyBody = text;
  if (format === null) return { ...reply, status, body: text, headers: [...reply.headers, ...added] };
  const type = format.contentType ?? (format.kind === 'json' ? 'application/json' : 'text/plain');
  return { ...reply, status, body: renderEntry(format, exchange), headers: [...reply.headers, ['content-type', type], ...added] };
}
