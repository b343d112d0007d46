import { type NextRequest, NextResponse } from 'next/server';
import { refusalOf } from '../../../lib/request-guard.ts';
import { agentUrl, consoleHosts } from '../../../lib/server-settings.ts';

export const dynamic = 'force-dynamic';

const forwardedHeaders = ['content-type', 'accept', 'trpc-accept', 'last-event-id'];

/** Passes calls and event streams to the agent, so that the browser talks to its own origin only. */
async function forward(request: NextRequest): Promise<Response> {
  if (!request.nextUrl.pathname.startsWith('/api/trpc/')) return failure(404, 'this console serves /api/trpc only');
  const refusal = refusalOf(request.headers, consoleHosts());
  if (refusal !== null) return failure(403, `refused: ${refusal}`);
  const base = agentUrl();
  const target = new URL(`${request.nextUrl.pathname}${request.nextUrl.search}`, base);
  const headers = new Headers();
  for (const name of forwardedHeaders) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  try {
    const answer = await fetch(target, {
      method: request.method,
      headers,
      body: request.method === 'POST' ? await request.arrayBuffer() : null,
      signal: request.signal,
      redirect: 'manual',
      cache: 'no-store',
    });
    return new Response(answer.body, { status: answer.status, headers: answerHeaders(answer) });
  } catch {
    return failure(502, `the agent does not answer at ${base}`);
  }
}

function answerHeaders(answer: Response): Headers {
  const headers = new Headers({ 'X-Accel-Buffering': 'no' });
  const contentType = answer.headers.get('content-type');
  if (contentType !== null) headers.set('Content-Type', contentType);
  // no-transform keeps the server's compression away from event streams, which it would hold back.
  const isStream = contentType?.startsWith('text/event-stream') ?? false;
  headers.set('Cache-Control', isStream ? 'no-cache, no-transform' : 'no-store');
  return headers;
}

function failure(status: number, message: string): Response {
  return NextResponse.json({ error: { message, code: -32603, data: { code: 'BAD_GATEWAY', httpStatus: status } } }, { status });
}

export const GET = forward;
export const POST = forward;
