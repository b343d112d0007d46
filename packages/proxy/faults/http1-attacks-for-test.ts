import { type Attack, type Attacker, attack } from './attack-for-test.ts';

const one = (name: string, attacker: Attacker): Attack => ({ name, run: (size) => attack(size, attacker) });

/** Abuse of HTTP/1.1. */
export const http1Attacks: readonly Attack[] = [
  one('slow heads', {
    begin: (socket) => socket.write('GET / HTTP/1.1\r\nHost: a\r\n'),
    tick: (socket) => socket.write('x: y\r\n'),
  }),
  one('slow bodies', {
    begin: (socket) => socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n'),
    tick: (socket) => socket.write('x'),
  }),
  one('silent connections', { begin: () => {} }),
  one('heads of a megabyte', { begin: (socket) => socket.write(`GET / HTTP/1.1\r\nHost: a\r\nx: ${'y'.repeat(1 << 20)}\r\n\r\n`) }),
  one('targets of a megabyte', { begin: (socket) => socket.write(`GET /${'y'.repeat(1 << 20)} HTTP/1.1\r\nHost: a\r\n\r\n`) }),
  one('ten thousand header fields', { begin: (socket) => socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${'x: y\r\n'.repeat(10_000)}\r\n`) }),
  one('chunks without end of their size', {
    begin: (socket) => socket.write(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${'0'.repeat(1 << 20)}`),
  }),
  one('readers that stop before a large response', {
    isDeaf: true,
    begin: (socket) => socket.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n'),
  }),
  one('the same over TLS', {
    isDeaf: true,
    isTls: true,
    begin: (socket) => socket.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n'),
  }),
  one('a thousand pipelined requests and no reader', {
    isDeaf: true,
    begin: (socket) => socket.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1000)),
  }),
];

/** Abuse of handshakes. */
export const tlsAttacks: readonly Attack[] = [
  one('half of a ClientHello on a plain connection to the TLS port', {
    begin: (socket) => socket.write(Buffer.from('160301020001', 'hex')),
  }),
  one('a ClientHello byte by byte', {
    tickMs: 200,
    begin: (socket) => socket.write(Buffer.from('1603010200', 'hex')),
    tick: (socket) => socket.write(Buffer.from([1])),
  }),
].map(({ name, run }) => ({ name, run: (size) => run({ ...size, port: size.tlsPort }) }));
