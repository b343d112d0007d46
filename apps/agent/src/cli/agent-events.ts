import { InputError } from './command.ts';

/** The values that a subscription of the agent's API sends, until `signal` aborts or the agent ends it. @throws InputError when no agent answers */
export async function* subscribe(url: string, procedure: string, input: unknown, signal: AbortSignal): AsyncGenerator<unknown> {
  const address = `${url}/api/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`;
  try {
    const response = await fetch(address, { headers: { accept: 'text/event-stream' }, signal });
    if (!response.ok || !response.body) throw new InputError(`the agent at ${url} answered ${response.status}`);
    for await (const { event, data } of parseEvents(response.body)) {
      if (event === 'serialized-error') throw new InputError(`the agent ended the stream: ${data}`);
      if (event === 'return') return;
      if (event === 'message') yield JSON.parse(data);
    }
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof InputError) throw error;
    throw new InputError(`no agent answers at ${url} (--agent): is weft up or weft agent running? (${(error as Error).message})`);
  }
}

/** The events of a server-sent stream. */
export async function* parseEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<{ readonly event: string; readonly data: string }> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of chunks) {
    const blocks = (pending + decoder.decode(chunk, { stream: true })).split('\n\n');
    pending = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n');
      const fieldOf = (name: string): readonly string[] =>
        lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ''));
      const data = fieldOf('data');
      if (data.length > 0) yield { event: fieldOf('event')[0] ?? 'message', data: data.join('\n') };
    }
  }
}
