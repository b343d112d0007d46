import type { CheckOutcome } from '@weft/core/engine/health-state';
import type { Headers } from '../http/headers.ts';
import type { ResetReason, UpstreamEvents, UpstreamStream } from '../http/stream.ts';
import { H1Client, type H1ClientPool } from './h1-client.ts';
import { H2Client, type H2ClientPool } from './h2-client.ts';
import { type OpenedConnection, openUpstream, type UpstreamOpening } from './transport.ts';
import type { UpstreamHost } from './upstream-host.ts';

const networkFailure: CheckOutcome = { kind: 'failure', cause: 'network' };

/** A check made of one HTTP exchange on a connection of its own, which may serve the next check too. */
export abstract class StreamProbe implements UpstreamEvents, H1ClientPool, H2ClientPool {
  protected readonly host: UpstreamHost;
  readonly #usesHttp2: boolean;
  readonly #reuseConnection: boolean;
  #client: H1Client | H2Client | null = null;
  #opening: UpstreamOpening | null = null;
  #done: ((outcome: CheckOutcome) => void) | null = null;

  constructor(host: UpstreamHost, usesHttp2: boolean, reuseConnection: boolean) {
    this.host = host;
    this.#usesHttp2 = usesHttp2;
    this.#reuseConnection = reuseConnection;
  }

  run(done: (outcome: CheckOutcome) => void): void {
    this.#done = done;
    const client = this.#client;
    if (client !== null) {
      this.#begin(client);
      return;
    }
    this.#opening = openUpstream(this.host, this.#usesHttp2, {
      onOpen: (opened) => this.#onOpen(opened),
      onFailure: () => {
        this.#opening = null;
        this.finish(networkFailure);
      },
    });
  }

  close(): void {
    this.#done = null;
    const opening = this.#opening;
    this.#opening = null;
    opening?.cancel();
    const client = this.#client;
    this.#client = null;
    client?.connection.destroy();
  }

  /** Sends the request of one check. */
  protected abstract send(stream: UpstreamStream): void;

  abstract onResponseHead(status: number, headers: Headers, end: boolean): void;
  abstract onResponseData(bytes: Buffer, from: number, to: number, end: boolean): void;
  abstract onResponseTrailers(trailers: Headers): void;

  /** Ends the check under way. */
  protected finish(outcome: CheckOutcome): void {
    const done = this.#done;
    this.#done = null;
    if (!this.#reuseConnection || outcome === networkFailure) this.close();
    done?.(outcome);
  }

  onInformational(): void {}

  onUpstreamReset(_reason: ResetReason): void {
    this.finish(networkFailure);
  }

  onUpstreamDrain(): void {}
  onReadEnd(): void {}
  onReusable(): void {}
  onStreamSlot(): void {}

  onClosed(client: H1Client | H2Client): void {
    if (this.#client === client) this.#client = null;
  }

  onDraining(client: H2Client): void {
    if (this.#client === client) this.#client = null;
  }

  #onOpen(opened: OpenedConnection): void {
    this.#opening = null;
    const { plan, stats } = this.host.cluster;
    const { http1, common } = plan.protocol;
    const client = opened.isHttp2 ? new H2Client(opened, this, plan.protocol, stats.http2) : new H1Client(opened, this, http1, common);
    this.#client = client;
    this.#begin(client);
  }

  #begin(client: H1Client | H2Client): void {
    if (client instanceof H2Client) this.send(client.begin(this));
    else {
      client.begin(this);
      this.send(client);
    }
  }
}
