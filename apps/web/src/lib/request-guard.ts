const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Why a request to the console's own API is refused, or null when it comes from the console itself. */
export function refusalOf(headers: Headers, extraHosts: readonly string[]): string | null {
  const host = headers.get('host') ?? '';
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (!loopbackNames.has(name) && !extraHosts.includes(name)) {
    return `host "${name}" is not one this console answers to; add it to WEFT_CONSOLE_HOSTS`;
  }
  const origin = headers.get('origin');
  if (origin === null) return null;
  if (!URL.canParse(origin)) return `origin "${origin}" is not this console`;
  return new URL(origin).host === host ? null : `origin "${origin}" is not this console`;
}
