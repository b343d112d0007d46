import type { SpiffeIdentity } from '@weft/core/base/spiffe';
import type { ProxyNode } from '@weft/core/mesh/proxy-node';
import type { NackStatus, XdsKind } from '../api/types.ts';
import type { AdsStream } from '../xds/ads-stream.ts';

/** One connected proxy. */
export interface ProxyConnection {
  readonly node: ProxyNode;
  /** Name and version of the proxy's program, as it says itself. */
  readonly userAgent: { readonly name: string; readonly version: string };
  readonly stream: AdsStream;
  /** Who the caller has proved to be; null on an unauthenticated connection. */
  readonly identity: SpiffeIdentity | null;
  readonly connectedAt: number;
  close(): void;
}

/** What the agent remembers about a proxy beyond its connection. */
export interface ProxyRecord {
  readonly node: ProxyNode;
  readonly userAgent: { readonly name: string; readonly version: string };
  readonly connectedAt: number;
  readonly disconnectedAt: number | null;
  readonly connection: ProxyConnection | null;
  readonly lastNack: NackStatus | null;
  readonly lastPushMs: number | null;
  /** The revision of the snapshot sent last. */
  readonly sentRevision: number | null;
  readonly sentAt: number | null;
  readonly ackedRevision: number | null;
  readonly ackedAt: number | null;
  /** Types that answered the last push with a NACK. */
  readonly refused: ReadonlySet<XdsKind>;
}
