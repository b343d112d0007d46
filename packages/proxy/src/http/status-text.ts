import { STATUS_CODES } from 'node:http';

/** The reason phrase of an HTTP/1.1 status line. */
export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown';
}
