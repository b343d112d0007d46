import type { ForwardDecision } from '@weft/core/engine/decision';
import type { Fraction } from '@weft/core/plan/matcher';
import type { ExchangeRecord } from './exchange-record.ts';
import { type LocalReply, localReply } from './local-reply.ts';

/** An exchange that faults can be injected into. */
export interface FaultyExchange extends ExchangeRecord {
  reply(reply: LocalReply): void;
}

/** Draws and injects a delay and an abort; `goOn` runs unless the request was aborted. Answers the delay's timer, null without a delay. */
export function injectFault(
  exchange: FaultyExchange,
  fault: NonNullable<ForwardDecision['fault']>,
  goOn: () => void,
): NodeJS.Timeout | null {
  const { random } = exchange.context;
  const abort = (): void => {
    if (exchange.isDone) return;
    if (fault.abortFraction === null || !isDrawn(fault.abortFraction, random)) {
      goOn();
      return;
    }
    const status = fault.abortGrpcStatus !== null && !exchange.isGrpc ? 200 : fault.abortStatus;
    exchange.reply({ ...localReply(status, 'fault filter abort', 'FI', 'fault_filter_abort'), grpcStatus: fault.abortGrpcStatus });
  };
  if (fault.delayMs > 0 && fault.delayFraction !== null && isDrawn(fault.delayFraction, random)) {
    exchange.flag('DI');
    return setTimeout(abort, fault.delayMs);
  }
  abort();
  return null;
}

function isDrawn(fraction: Fraction, random: () => number): boolean {
  return fraction.perMillion >= million || random() * million < fraction.perMillion;
}

const million = 1_000_000;
