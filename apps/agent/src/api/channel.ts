/** What is sent while nobody reads is kept, up to a limit; then the oldest goes. */
const maxWaiting = 1_000;

/** Turns calls of a listener into an async iteration that ends when `signal` aborts. */
export async function* channel<T>(signal: AbortSignal, subscribe: (send: (value: T) => void) => () => void): AsyncGenerator<T> {
  const waiting: T[] = [];
  let wake: () => void = () => {};
  const unsubscribe = subscribe((value) => {
    waiting.push(value);
    if (waiting.length > maxWaiting) waiting.shift();
    wake();
  });
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    while (!signal.aborted) {
      yield* waiting.splice(0);
      if (waiting.length === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    unsubscribe();
  }
}
