import type { AffectedProxy } from '@weft/agent/api/config-types';
import { count } from '../lib/format.ts';
import classes from './affected-proxies.module.css';

const signs = { added: '+', removed: '−', changed: '~' } as const;

/** Which proxies a draft reaches, and what of theirs it changes. */
export function AffectedProxies({ proxies }: { proxies: readonly AffectedProxy[] }) {
  if (proxies.length === 0) return <div className={classes.none}>No proxy would receive anything new.</div>;
  return (
    <details className={classes.details}>
      <summary>{count(proxies.length, 'proxy', 'proxies')} would be told</summary>
      <ul className={classes.list}>
        {proxies.map((proxy) => (
          <li key={proxy.id}>
            {proxy.name}.{proxy.namespace}
            <ul className={classes.changes}>
              {proxy.changes.map((change) => (
                <li key={`${change.type} ${change.name}`}>
                  <span className={classes.sign}>{signs[change.change]}</span> {change.type} <span className="mono">{change.name}</span>{' '}
                  {change.change}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </details>
  );
}
