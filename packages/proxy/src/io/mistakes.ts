const reported = new Set<string>();

/** Tells a programming mistake once on stderr. It ends the connection that met it and nothing else. */
export function reportMistake(where: string, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (reported.has(text) || reported.size > 100) return;
  reported.add(text);
  process.stderr.write(`weft proxy: internal error while ${where}: ${text}\n`);
}
