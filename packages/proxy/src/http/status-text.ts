import { loadHttp } from '../io/load-library.ts';

const { STATUS_CODES } = loadHttp();

/** The reason phrase of an HTTP/1.1 status line. */
export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown';
}
