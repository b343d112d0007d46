/** A small client of the agent's API for tests and benches: tRPC's HTTP form without its client library. */
export interface AgentClient {
  query<T>(procedure: string, input?: unknown): Promise<T>;
  mutate<T>(procedure: string, input: unknown): Promise<T>;
}

/** Talks to the agent at `agentUrl`. An error answer rejects with the agent's own message. */
export function agentClient(agentUrl: string): AgentClient {
  const base = `${agentUrl}/api/trpc`;
  return {
    query: async (procedure, input) => {
      const query = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
      return answer(await fetch(`${base}/${procedure}${query}`));
    },
    mutate: async (procedure, input) =>
      answer(
        await fetch(`${base}/${procedure}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(input),
        }),
      ),
  };
}

async function answer<T>(response: Response): Promise<T> {
  const body = (await response.json()) as { result?: { data: T }; error?: { message: string } };
  if (body.result === undefined) throw new Error(body.error?.message ?? `HTTP ${response.status}`);
  return body.result.data;
}
