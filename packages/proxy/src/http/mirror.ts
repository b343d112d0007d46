import type { MirrorPlan } from '@weft/core/plan/route-plan';
import { Attempt, type AttemptOwner } from './attempt.ts';
import type { ExchangeView } from './exchange-view.ts';
import { FieldHeaders } from './headers.ts';
import type { RequestHead } from './stream.ts';

/** Sends copies of a request to the mirrors that are drawn; their responses are read and forgotten. */
export function startMirrors(exchange: ExchangeView, mirrors: readonly MirrorPlan[]): void {
  for (const mirror of mirrors) {
    const { fraction } = mirror;
    if (fraction !== null && exchange.context.random() * 1_000_000 >= fraction.perMillion) continue;
    const name = mirror.clusterHeader === null ? mirror.cluster : (exchange.header(mirror.clusterHeader) ?? '');
    const cluster = exchange.context.clusters.get(name);
    const host =
      cluster?.choose({
        hash: null,
        metadataMatch: null,
        retry: null,
        request: exchange,
        connection: exchange.connection,
      }) ?? null;
    if (host === null) continue;
    const head = copyHead(exchange.head, mirror.disableShadowHostSuffix);
    exchange.span?.injectMirror(head.headers, mirror.traceSampled);
    const copy = new MirrorCopy(head);
    const breaker = host.cluster.breaker('default');
    if (!breaker.mayRequest) continue;
    copy.attempt = new Attempt(copy, host, { breaker, prefersHttp2: false, connection: exchange.connection, request: exchange });
    exchange.addMirror(copy);
    copy.attempt.start(false);
  }
}

function copyHead(head: RequestHead, keepsHost: boolean): RequestHead {
  const headers = FieldHeaders.from(head.headers);
  headers.remove('expect');
  return { ...head, headers, upgrade: null, authority: keepsHost ? head.authority : shadowAuthority(head.authority) };
}

/** `host:80` becomes `host-shadow:80`. */
function shadowAuthority(authority: string): string {
  const port = /:\d+$/.exec(authority);
  return port === null ? `${authority}-shadow` : `${authority.slice(0, port.index)}-shadow${port[0]}`;
}

const maxHeldBytes = 1024 * 1024;

/** A mirrored request. The body is copied as it comes; a mirror that cannot keep up is given up rather than slowing the real request. */
export class MirrorCopy implements AttemptOwner {
  attempt: Attempt | null = null;
  #head: RequestHead;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #hasEnded = false;
  #isBlocked = false;

  constructor(head: RequestHead) {
    this.#head = head;
  }

  send(bytes: Buffer, from: number, to: number, end: boolean): void {
    if (end) this.#hasEnded = true;
    const stream = this.attempt?.stream ?? null;
    if (stream === null || this.attempt?.isOver === true || this.#isBlocked) {
      this.#heldBytes += to - from;
      if (to > from) this.#held.push(Buffer.from(bytes.subarray(from, to)));
      if (this.#heldBytes > maxHeldBytes) this.cancel();
      return;
    }
    this.#isBlocked = !stream.sendData(bytes, from, to, end) && !end;
    stream.flush();
  }

  cancel(): void {
    this.#held = [];
    this.attempt?.cancel();
  }

  onAttemptReady(attempt: Attempt): void {
    attempt.stream?.sendHead(this.#head, this.#hasEnded && this.#held.length === 0);
    this.#sendHeld(attempt);
    attempt.stream?.flush();
  }

  onAttemptDrain(attempt: Attempt): void {
    this.#isBlocked = false;
    this.#sendHeld(attempt);
  }

  onAttemptFailed(): void {
    this.#held = [];
  }

  onAttemptInformational(): void {}
  onAttemptHead(): void {}
  onAttemptData(): void {}
  onAttemptTrailers(): void {}
  onAttemptReadEnd(): void {}

  #sendHeld(attempt: Attempt): void {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    held.forEach((chunk, index) => {
      attempt.stream?.sendData(chunk, 0, chunk.length, this.#hasEnded && index === held.length - 1);
    });
  }
}
