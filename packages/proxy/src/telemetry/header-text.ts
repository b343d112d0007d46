/** A header's value as text: codecs keep one character for each byte, and what is beyond ASCII is UTF-8 almost always. */
export function headerText<T extends string | undefined>(value: T): T | string {
  return value === undefined || !hasHighBytes(value) ? value : Buffer.from(value, 'latin1').toString('utf8');
}

/** Text with characters that are no bytes is decoded already. */
function hasHighBytes(text: string): boolean {
  let isHigh = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) return false;
    if (code > 127) isHigh = true;
  }
  return isHigh;
}
