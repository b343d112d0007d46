import type { IpRange } from './ip-address.ts';

/** One way to find a request's client where the connection's peer does not count (`original_ip_detection_extensions`). */
export type IpDetectionPlan =
  /** The address so many places from the end of X-Forwarded-For. `appends`: the peer joins the list. */
  | { readonly kind: 'hops'; readonly hops: number; readonly appends: boolean }
  /** The last address of X-Forwarded-For outside `trusted`, where the peer is within them. */
  | { readonly kind: 'trustedRanges'; readonly trusted: readonly IpRange[]; readonly appends: boolean }
  /** The address in a header. `isTrusted`: it may make the request internal. `rejectStatus`: the answer where there is none. */
  | { readonly kind: 'header'; readonly name: string; readonly isTrusted: boolean; readonly rejectStatus: number | null };
