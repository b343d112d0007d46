import type { Http2OptionsPlan } from '@weft/core/plan/cluster-plan';

/** Counts frames that cost their sender nothing, by Envoy's measures; each method answers false once they are too many. */
export class H2InboundLimits {
  #options: Http2OptionsPlan;
  #streams = 0;
  #emptyFrames = 0;
  #priorities = 0;
  #windowUpdates = 0;

  constructor(options: Http2OptionsPlan) {
    this.#options = options;
  }

  onStream(): void {
    this.#streams++;
  }

  /** A frame that could carry a payload; `isIdle`: it has none and ends nothing. */
  mayBeEmpty(isIdle: boolean): boolean {
    if (!isIdle) {
      this.#emptyFrames = 0;
      return true;
    }
    return ++this.#emptyFrames <= this.#options.maxConsecutiveInboundEmptyFrames;
  }

  mayPrioritise(): boolean {
    return ++this.#priorities <= this.#options.maxInboundPriorityFramesPerStream * (1 + this.#streams);
  }

  /** `dataFramesSent`: by this side, on the whole connection. */
  mayUpdateWindow(dataFramesSent: number): boolean {
    const perData = this.#options.maxInboundWindowUpdatesPerDataFrameSent * dataFramesSent;
    return ++this.#windowUpdates <= 5 + 2 * (this.#streams + perData);
  }
}
