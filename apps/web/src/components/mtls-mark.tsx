import { IconLock, IconLockFilled, IconLockOpen } from '@tabler/icons-react';
import type { MtlsMode } from '@weft/agent/api/types';

const marks = {
  STRICT: { icon: IconLockFilled, color: 'var(--w-text)' },
  PERMISSIVE: { icon: IconLock, color: 'var(--w-dim)' },
  DISABLE: { icon: IconLockOpen, color: 'var(--w-bad)' },
} as const;

/** The mode of mutual TLS: full lock, hollow lock, open red lock. */
export function MtlsMark({ mode }: { mode: MtlsMode | null }) {
  if (mode === null) return <span style={{ color: 'var(--w-dim)' }}>unknown</span>;
  const { icon: Icon, color } = marks[mode];
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 6, color, verticalAlign: 'middle' }}>
      <Icon size={14} aria-hidden /> {mode}
    </span>
  );
}
