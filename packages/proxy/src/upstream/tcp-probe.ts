import type { CheckOutcome } from '@weft/core/engine/health-state';
import type { HealthCheckPlan } from '@weft/core/plan/cluster-plan';
import type { Connection } from '../io/connection.ts';
import { openHost, type UpstreamOpening } from './transport.ts';
import type { UpstreamHost } from './upstream-host.ts';

type TcpChecker = Extract<HealthCheckPlan['checker'], { kind: 'tcp' }>;

const maxReceivedBytes = 64 * 1024;

/** Checks a host by connecting, and by what it says to given bytes where some are expected. */
export class TcpProbe {
  readonly #host: UpstreamHost;
  readonly #checker: TcpChecker;
  readonly #reuseConnection: boolean;
  #opening: UpstreamOpening | null = null;
  #connection: Connection | null = null;
  #received: Buffer = Buffer.alloc(0);
  #done: ((outcome: CheckOutcome) => void) | null = null;

  constructor(host: UpstreamHost, checker: TcpChecker, reuseConnection: boolean) {
    this.#host = host;
    this.#checker = checker;
    this.#reuseConnection = reuseConnection;
  }

  run(done: (outcome: CheckOutcome) => void): void {
    this.#done = done;
    this.#received = Buffer.alloc(0);
    if (this.#connection !== null) {
      this.#send(this.#connection);
      return;
    }
    this.#opening = openHost(this.#host, 'tcp', {
      onOpen: ({ connection }) => {
        this.#opening = null;
        this.#use(connection);
      },
      onFailure: () => {
        this.#opening = null;
        this.#fail();
      },
    });
  }

  close(): void {
    this.#done = null;
    const opening = this.#opening;
    this.#opening = null;
    opening?.cancel();
    const connection = this.#connection;
    this.#connection = null;
    connection?.destroy();
  }

  #use(connection: Connection): void {
    this.#connection = connection;
    connection.owner = {
      onData: (bytes, length) => this.#onData(bytes, length),
      onEnd: () => connection.destroy(),
      onDrain() {},
      onClose: () => {
        if (this.#connection !== connection) return;
        this.#connection = null;
        this.#fail();
      },
    };
    this.#send(connection);
  }

  #send(connection: Connection): void {
    const { send, receive } = this.#checker;
    if (send.length > 0) connection.writeOwned(Buffer.from(send));
    if (receive.length === 0) this.#succeed(false);
  }

  #onData(bytes: Buffer, length: number): void {
    if (this.#done === null) return;
    this.#received = Buffer.concat([this.#received, bytes.subarray(0, length)]);
    if (containsInOrder(this.#received, this.#checker.receive)) this.#succeed(this.#reuseConnection);
    else if (this.#received.length > maxReceivedBytes) this.#fail();
  }

  #succeed(keepConnection: boolean): void {
    const done = this.#done;
    if (keepConnection) this.#done = null;
    else this.close();
    done?.({ kind: 'success', isDegraded: false });
  }

  #fail(): void {
    const done = this.#done;
    this.close();
    done?.({ kind: 'failure', cause: 'network' });
  }
}

/** Whether the parts stand in the bytes one after the other, with anything in between. */
function containsInOrder(bytes: Buffer, parts: readonly Uint8Array[]): boolean {
  let at = 0;
  for (const part of parts) {
    const found = bytes.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}
