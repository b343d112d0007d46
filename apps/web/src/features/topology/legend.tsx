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
import { HealthMark } from '../../components/health-mark.tsx';
import { Shape } from './graph-node.tsx';
import classes from './topology.module.css';

const lines = [
  { color: 'var(--w-good-mark)', label: 'Healthy' },
  { color: 'var(--w-warn-mark)', label: 'Degraded' },
  { color: 'var(--w-bad-mark)', label: 'Failing' },
  { color: 'var(--w-tcp-mark)', label: 'TCP' },
  { color: 'var(--w-idle-mark)', label: 'Idle', dash: '3 5' },
] as const;

const badges = [
  { icon: IconArrowsSplit2, label: 'Routing rules' },
  { icon: IconBolt, label: 'Circuit breaker' },
  { icon: IconBan, label: 'Fault injected' },
  { icon: IconClock, label: 'Timeout' },
  { icon: IconCopy, label: 'Mirrored' },
  { icon: IconShieldHalf, label: 'Authorization' },
  { icon: IconPlugOff, label: 'No sidecar' },
  { icon: IconFileAlert, label: 'Findings' },
  { icon: IconLockFilled, label: 'mTLS STRICT' },
  { icon: IconLock, label: 'mTLS PERMISSIVE' },
  { icon: IconLockOpen, label: 'mTLS DISABLE' },
  { icon: IconWorld, label: 'Gateway' },
] as const;

const shapes = ['workload', 'app', 'service', 'serviceEntry', 'gateway'] as const;
const shapeWords = { workload: 'Workload', app: 'App', service: 'Service', serviceEntry: 'Service entry', gateway: 'Gateway' } as const;

export function Legend() {
  return (
    <div style={{ display: 'grid', gap: 14 }}>
      <div className={classes.legend}>
        {shapes.map((kind) => (
          <span key={kind}>
            <Shape kind={kind} size={18} /> {shapeWords[kind]}
          </span>
        ))}
      </div>
      <div className={classes.legend}>
        {(['healthy', 'degraded', 'failure', 'idle'] as const).map((health) => (
          <HealthMark key={health} health={health} withWord />
        ))}
      </div>
      <div className={classes.legend}>
        {lines.map((line) => (
          <span key={line.label}>
            <svg width="28" height="8" aria-hidden="true">
              <path d="M0 4h28" stroke={line.color} strokeWidth="2" strokeDasharray={'dash' in line ? line.dash : undefined} />
            </svg>
            {line.label}
          </span>
        ))}
      </div>
      <div className={classes.legend}>
        {badges.map(({ icon: Icon, label }) => (
          <span key={label}>
            <Icon size={14} aria-hidden /> {label}
          </span>
        ))}
      </div>
      <div className={classes.sub}>
        5xx: any is degraded, 10 % or more is failing. 4xx: 10 % degraded, 20 % failing. gRPC codes other than 0 count like 5xx. Click
        selects, double click opens the service, hovering dims the rest.
      </div>
    </div>
  );
}
