export const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Pieces of input, given as latin1 text. */
export const wordsOf = (...texts: readonly string[]): readonly Buffer[] => texts.map(latin1);
