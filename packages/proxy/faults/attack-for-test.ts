import { connect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { H2FrameReader } from '../src/http/h2-frame-reader.ts';
import { frame, readUint32 } from '../src/http/h2-frames.ts';

/** What is attacked, and how hard. */
export interface AttackSize {
  readonly port: number;
  /** The same over TLS. */
  readonly tlsPort: number;
  readonly connections: number;
  /** How long attackers hold on, unless they are thrown out before. */
  readonly holdMs: number;
  /** When those that do not read look whether they were. */
  readonly wakeMs: number;
}

/** How many connections ended in which way: by a status, a GOAWAY with its code, closed without a word, or held to the end. */
export type Endings = ReadonlyMap<string, number>;

/** A way to be a bad client. */
export interface Attack {
  readonly name: string;
  run(size: AttackSize): Promise<Endings>;
}

/** One hostile connection: `begin` when it is open, then `tick` every `tickMs`. */
export interface Attacker {
  readonly isTls?: boolean;
  /** Does not read until it wakes. */
  readonly isDeaf?: boolean;
  readonly isHttp2?: boolean;
  begin(socket: Socket): void;
  readonly tickMs?: number;
  tick?(socket: Socket): void;
}

/** Opens the connections and waits until each has ended or time is up. */
export async function attack(size: AttackSize, attacker: Attacker): Promise<Endings> {
  const endings = new Map<string, number>();
  await Promise.all(
    Array.from({ length: size.connections }, async () => {
      const ending = await one(size, attacker);
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
    }),
  );
  return endings;
}

function one({ port, tlsPort, holdMs, wakeMs }: AttackSize, attacker: Attacker): Promise<string> {
  return new Promise((resolve) => {
    const target = { port: attacker.isTls === true ? tlsPort : port, host: '127.0.0.1' };
    const socket = attacker.isTls === true ? tlsConnect({ ...target, rejectUnauthorized: false }) : connect(target);
    const seen = new Ending(attacker.isHttp2 === true);
    const timers: NodeJS.Timeout[] = [];
    const end = (ending: string): void => {
      for (const timer of timers) clearInterval(timer);
      resolve(ending);
      socket.destroy();
    };
    socket.on('error', () => {});
    socket.on('close', () => end(seen.text));
    if (attacker.isDeaf === true) timers.push(setTimeout(() => socket.resume(), wakeMs));
    else socket.on('data', (bytes: Buffer) => seen.read(bytes));
    timers.push(setTimeout(() => end('held to the end'), holdMs));
    socket.once(attacker.isTls === true ? 'secureConnect' : 'connect', () => {
      attacker.begin(socket);
      const { tick } = attacker;
      if (tick !== undefined) timers.push(setInterval(() => tick(socket), attacker.tickMs ?? 100));
    });
  });
}

/** Reads out of what comes how the connection ends. */
class Ending {
  text = 'closed';
  #reader: H2FrameReader | null;

  constructor(isHttp2: boolean) {
    this.#reader = isHttp2 ? new H2FrameReader(false) : null;
  }

  read(bytes: Buffer): void {
    if (this.#reader === null) {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(bytes.latin1Slice(0, 12))?.[1];
      if (status !== undefined) this.text = status;
    } else this.#reader.read(bytes, bytes.length, this);
  }

  onFrame(bytes: Buffer, at: number, _length: number, type: number): boolean {
    if (type === frame.goaway) this.text = `GOAWAY ${readUint32(bytes, at + 4)}`;
    return true;
  }
}

export function describeEndings(endings: Endings): string {
  return [...endings].map(([ending, count]) => `${count} × ${ending}`).join(', ');
}
