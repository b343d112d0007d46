/** How a client's requests stay at one host (`stateful_session`). */
export interface StatefulSessionPlan {
  /** Where the host is named in requests and responses; null = nowhere. */
  readonly state: SessionStatePlan | null;
  /** A request whose host is not there fails, instead of going to another. */
  readonly isStrict: boolean;
}

export type SessionStatePlan =
  | {
      readonly kind: 'cookie';
      readonly name: string;
      /** Requests of other paths have no session; `''` = all have. */
      readonly path: string;
      /** 0 = until the browser is closed. */
      readonly ttlSeconds: number;
    }
  | { readonly kind: 'header'; readonly name: string };
