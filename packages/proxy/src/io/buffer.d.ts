/** Node's fast paths between bytes and Latin-1 text, which its type declarations leave out. */
interface Buffer {
  latin1Slice(start?: number, end?: number): string;
  latin1Write(text: string, offset?: number, length?: number): number;
}
