import { createTRPCClient, httpLink, TRPCClientError } from '@trpc/client';
import type { AppRouter } from '../api/router.ts';
import { InputError } from './command.ts';

export const defaultAgentUrl = 'http://127.0.0.1:15014';

/** A client of a running agent's API. */
export function createAgentClient(url: string) {
  return createTRPCClient<AppRouter>({ links: [httpLink({ url: `${url}/api/trpc` })] });
}

/** Calls the agent; what goes wrong is said in one line. @throws InputError */
export async function ask<T>(url: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof TRPCClientError)) throw error;
    const isDown = error.data === undefined || error.data === null;
    throw new InputError(
      isDown ? `no agent answers at ${url} (--agent): is weft up or weft agent running? (${error.message})` : error.message,
    );
  }
}
