import type { PendingDecision, Resume } from '@weft/core/engine/decision';
import type { Exchange } from './exchange.ts';

/** Fulfils what the engine cannot do itself: verifying tokens, asking services. Resumes exactly once. */
export interface PendingFilters {
  fulfil(pending: PendingDecision, exchange: Exchange, resume: (resume: Resume) => void): void;
}
