import {
  IconArrowsSplit2,
  IconBan,
  IconBolt,
  IconClock,
  IconCopy,
  IconFileAlert,
  IconLock,
  IconLockFilled,
  IconLockOpen,
  IconPlugOff,
  IconShieldHalf,
  IconWorld,
} from '@tabler/icons-react';
import type { MtlsMode, NodeBadge } from '@weft/agent/api/types';

/** A small mark on a node: `name` stands in the legend, `claim` is what it says of the node that bears it. */
export interface Badge {
  readonly icon: typeof IconLock;
  readonly name: string;
  readonly claim: string;
}

export const badges: Readonly<Record<NodeBadge, Badge>> = {
  routing: { icon: IconArrowsSplit2, name: 'Routing rules', claim: 'has routing rules' },
  'circuit-breaker': { icon: IconBolt, name: 'Circuit breaker', claim: 'has a circuit breaker' },
  fault: { icon: IconBan, name: 'Fault injected', claim: 'faults are injected' },
  timeout: { icon: IconClock, name: 'Timeout', claim: 'has a timeout' },
  mirror: { icon: IconCopy, name: 'Mirrored', claim: 'traffic is mirrored' },
  authorization: { icon: IconShieldHalf, name: 'Authorization', claim: 'has authorization policies' },
  'missing-sidecar': { icon: IconPlugOff, name: 'No sidecar', claim: 'has no sidecar' },
  findings: { icon: IconFileAlert, name: 'Findings', claim: 'has configuration findings' },
  gateway: { icon: IconWorld, name: 'Gateway', claim: 'is a gateway' },
};

export const mtlsBadges: Readonly<Record<MtlsMode, Badge>> = {
  STRICT: { icon: IconLockFilled, name: 'mTLS STRICT', claim: 'mTLS STRICT' },
  PERMISSIVE: { icon: IconLock, name: 'mTLS PERMISSIVE', claim: 'mTLS PERMISSIVE' },
  DISABLE: { icon: IconLockOpen, name: 'mTLS DISABLE', claim: 'mTLS DISABLE' },
};
