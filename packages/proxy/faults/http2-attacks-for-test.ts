import { h2Frame, h2Headers } from '../differential/h2-client.ts';
import { clientPreface, flag, frame } from '../src/http/h2-frames.ts';
import { type Attack, type Attacker, attack } from './attack-for-test.ts';

const one = (name: string, attacker: Omit<Attacker, 'isHttp2'>): Attack => ({
  name,
  run: (size) => attack(size, { ...attacker, isHttp2: true }),
});

/** All connections send the same bytes, which are made at the first. */
function sends(make: () => Buffer): Pick<Attacker, 'begin'> {
  let bytes: Buffer | null = null;
  return {
    begin: (socket) => {
      bytes ??= make();
      socket.write(bytes);
    },
  };
}

const request = (path: string): readonly string[] => [':method', 'GET', ':scheme', 'http', ':path', path, ':authority', 'a'];
const opening = Buffer.concat([clientPreface, h2Frame(frame.settings, 0, 0)]);
/** SETTINGS_INITIAL_WINDOW_SIZE of 0: responses may not send a byte. */
const closedWindows = Buffer.concat([clientPreface, h2Frame(frame.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]))]);
const streams = (count: number, make: (id: number) => Buffer): Buffer =>
  Buffer.concat([opening, ...Array.from({ length: count }, (_, index) => make(2 * index + 1))]);
const repeated = (count: number, bytes: Buffer): Buffer => Buffer.concat([opening, ...Array.from({ length: count }, () => bytes)]);

/** A block of one literal of 4000 bytes that is added to the table, and one that names it again and again. */
const bomb = Buffer.concat([
  Buffer.from([0x82, 0x86, 0x84, 0x41, 1, 0x61, 0x40, 1, 0x78, 0x7f, 0xa1, 0x1e]),
  Buffer.alloc(4000, 'y'),
  Buffer.alloc(12_000, 0xbe),
]);

/** Abuse of HTTP/2. */
export const http2Attacks: readonly Attack[] = [
  one('rapid reset', {
    ...sends(() =>
      streams(10_000, (id) =>
        Buffer.concat([h2Headers(id, request('/'), true), h2Frame(frame.rstStream, 0, id, Buffer.from([0, 0, 0, 8]))]),
      ),
    ),
  }),
  one('CONTINUATION without end', {
    ...sends(() =>
      Buffer.concat([
        opening,
        h2Frame(frame.headers, flag.endStream, 1, Buffer.from([0x82])),
        ...Array.from({ length: 2000 }, () => h2Frame(frame.continuation, 0, 1, Buffer.from([0x00, 1, 0x78, 1, 0x79]))),
      ]),
    ),
  }),
  one('header blocks that unpack to 48 MB', {
    ...sends(() => Buffer.concat([opening, h2Frame(frame.headers, 5, 1, bomb)])),
  }),
  one('pings, and no reader', {
    isDeaf: true,
    ...sends(() => repeated(100_000, h2Frame(frame.ping, 0, 0, Buffer.alloc(8)))),
  }),
  one('settings, and no reader', { isDeaf: true, ...sends(() => repeated(100_000, h2Frame(frame.settings, 0, 0))) }),
  one('empty DATA frames', {
    ...sends(() =>
      Buffer.concat([opening, h2Headers(1, request('/'), false), ...Array.from({ length: 20_000 }, () => h2Frame(frame.data, 0, 1))]),
    ),
  }),
  one('priorities', { ...sends(() => repeated(20_000, h2Frame(frame.priority, 0, 1, Buffer.from([0, 0, 0, 0, 1])))) }),
  one('window updates', {
    ...sends(() => repeated(20_000, h2Frame(frame.windowUpdate, 0, 0, Buffer.from([0, 0, 0, 1])))),
  }),
  one('twenty large responses into closed windows', {
    ...sends(() =>
      Buffer.concat([closedWindows, ...Array.from({ length: 20 }, (_, index) => h2Headers(2 * index + 1, request('/large'), true))]),
    ),
  }),
  one('a hundred requests whose bodies never come', {
    ...sends(() => streams(100, (id) => h2Headers(id, [...request('/')], false))),
  }),
];
