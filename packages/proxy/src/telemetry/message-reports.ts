import type { ExchangeView } from '../http/exchange-view.ts';
import { GrpcMessageCounter } from '../http/grpc-message-counter.ts';
import type { Timer, TimerOwner, TimerWheel } from '../io/timer-wheel.ts';
import type { IstioStats } from './istio-stats.ts';
import { httpStatsPlan } from './stats-plans.ts';

/** Counts the messages of gRPC streams, and reports those of long ones while they last. */
export class MessageReports {
  #istio: IstioStats;
  #timers: TimerWheel;
  #watches: WeakMap<ExchangeView, MessageWatch> = new WeakMap();

  constructor(istio: IstioStats, timers: TimerWheel) {
    this.#istio = istio;
    this.#timers = timers;
  }

  watch(exchange: ExchangeView): void {
    exchange.messages = { request: new GrpcMessageCounter(), response: new GrpcMessageCounter() };
    const intervalMs = httpStatsPlan(exchange.origin.manager)?.reportingIntervalMs ?? 0;
    this.#watches.set(exchange, new MessageWatch(exchange, this.#istio, this.#timers, intervalMs));
  }

  end(exchange: ExchangeView): void {
    this.#watches.get(exchange)?.end();
  }
}

class MessageWatch implements TimerOwner {
  #exchange: ExchangeView;
  #istio: IstioStats;
  #timers: TimerWheel;
  #intervalMs: number;
  #timer: Timer | null = null;

  constructor(exchange: ExchangeView, istio: IstioStats, timers: TimerWheel, intervalMs: number) {
    this.#exchange = exchange;
    this.#istio = istio;
    this.#timers = timers;
    this.#intervalMs = intervalMs;
    this.#arm();
  }

  /** The labels of a report are those of the first: before the peer is known there is nothing to report under. */
  onTimer(): void {
    if (this.#exchange.responseHeaders !== null) this.#report();
    this.#arm();
  }

  end(): void {
    this.#timer?.cancel();
    this.#report();
  }

  #arm(): void {
    if (this.#intervalMs > 0) this.#timer = this.#timers.schedule(this.#intervalMs, this, 'messages');
  }

  #report(): void {
    const { messages } = this.#exchange;
    if (messages === null) return;
    this.#istio.recordMessages(this.#exchange, { requests: messages.request.count, responses: messages.response.count });
  }
}
