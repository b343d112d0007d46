import { HealthMark } from '../../components/health-mark.tsx';
import { badges, mtlsBadges } from './badges.ts';
import { Shape } from './graph-node.tsx';
import classes from './topology.module.css';

const lines = [
  { color: 'var(--w-good-mark)', label: 'Healthy' },
  { color: 'var(--w-warn-mark)', label: 'Degraded' },
  { color: 'var(--w-bad-mark)', label: 'Failing' },
  { color: 'var(--w-tcp-mark)', label: 'TCP' },
  { color: 'var(--w-idle-mark)', label: 'Idle', dash: '3 5' },
] as const;

const marks = [...Object.values(badges), ...Object.values(mtlsBadges)];

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
        {marks.map(({ icon: Icon, name }) => (
          <span key={name}>
            <Icon size={14} aria-hidden /> {name}
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
