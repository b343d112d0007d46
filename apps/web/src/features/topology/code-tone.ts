export type CodeTone = 'good' | 'warn' | 'bad';

/** How bad a response code is: HTTP statuses, and `-` or 0 for no response. */
export function codeTone(code: string): CodeTone {
  if (code === '-' || code === '0') return 'bad';
  const number = Number(code);
  if (number >= 500 || number === 403 || number === 401) return 'bad';
  return number >= 400 ? 'warn' : 'good';
}
