import { huffmanCodes } from './hpack-tables.ts';

/*
 * Decoding walks nibble by nibble through a state table made once from the code tree: each entry tells the next state, whether a byte is
 * complete, and whether the string may end there. No code is shorter than 5 bits, so one nibble completes at most one byte.
 */
const nextState = new Uint16Array(1024 * 16);
const output = new Int16Array(1024 * 16);
const mayEnd = new Uint8Array(1024);
const failed = 0xffff;

buildTable();

/** Decodes Huffman-coded bytes; null when the coding is broken (wrong padding, end-of-string symbol). */
export function decodeHuffman(bytes: Buffer, from: number, to: number): string | null {
  let state = 0;
  let text = '';
  for (let p = from; p < to; p++) {
    const byte = bytes[p] ?? 0;
    for (let half = 4; half >= 0; half -= 4) {
      const entry = (state << 4) | ((byte >>> half) & 15);
      const next = nextState[entry] ?? failed;
      if (next === failed) return null;
      const symbol = output[entry] ?? -1;
      if (symbol >= 0) text += String.fromCharCode(symbol);
      state = next;
    }
  }
  return mayEnd[state] === 1 ? text : null;
}

interface Node {
  id: number;
  zero: Node | null;
  one: Node | null;
  symbol: number;
}

function buildTable(): void {
  const nodes: Node[] = [];
  const newNode = (): Node => ({ id: -1, zero: null, one: null, symbol: -1 });
  const root = newNode();
  huffmanCodes.forEach(([code, bits], symbol) => {
    let node = root;
    for (let bit = bits - 1; bit >= 0; bit--) {
      const isOne = ((code >>> bit) & 1) === 1;
      const child: Node = (isOne ? node.one : node.zero) ?? newNode();
      if (isOne) node.one = child;
      else node.zero = child;
      node = child;
    }
    node.symbol = symbol;
  });
  const number = (node: Node | null): void => {
    if (node === null || node.symbol >= 0) return;
    node.id = nodes.length;
    nodes.push(node);
    number(node.zero);
    number(node.one);
  };
  number(root);
  for (const node of nodes) for (let nibble = 0; nibble < 16; nibble++) fillEntry(node, nibble, root);
  // Padding is a prefix of the end-of-string code, all ones, at most seven bits.
  let padded: Node | null = root;
  for (let bits = 0; bits <= 7 && padded !== null && padded.id >= 0; bits++) {
    mayEnd[padded.id] = 1;
    padded = padded.one;
  }
}

function fillEntry(start: Node, nibble: number, root: Node): void {
  const entry = (start.id << 4) | nibble;
  output[entry] = -1;
  let node = start;
  for (let bit = 3; bit >= 0; bit--) {
    const child: Node | null = ((nibble >>> bit) & 1) === 1 ? node.one : node.zero;
    if (child === null || child.symbol === 256) {
      nextState[entry] = failed;
      return;
    }
    if (child.symbol >= 0) {
      output[entry] = child.symbol;
      node = root;
    } else node = child;
  }
  nextState[entry] = node.id;
}
