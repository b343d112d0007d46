'use client';

import { Tooltip } from '@mantine/core';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { pages } from '../../lib/pages.ts';
import { useSharedQuery, withShared } from '../../lib/url-state.ts';
import classes from './navigation.module.css';

export function Navigation() {
  const pathname = usePathname();
  const shared = useSharedQuery();
  return (
    <nav aria-label="Pages" className={classes.nav}>
      <Link href={withShared('/', shared)} className={classes.brand} aria-label="Weft, to the overview">
        <Mark />
        <span className={classes.word}>weft</span>
      </Link>
      <ul className={classes.list}>
        {pages.map(({ href, label, icon: Icon }) => {
          const isCurrent = href === '/' ? pathname === '/' : pathname.startsWith(href);
          return (
            <li key={href}>
              <Tooltip label={label} position="right" classNames={{ tooltip: classes.tip ?? '' }}>
                <Link href={withShared(href, shared)} className={classes.link} aria-current={isCurrent ? 'page' : undefined}>
                  <Icon size={18} stroke={1.6} aria-hidden />
                  <span className={classes.label}>{label}</span>
                </Link>
              </Tooltip>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

/** Two threads crossing: the mark of the console. */
function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true" className={classes.mark}>
      <path d="M2 7.5h4.2M9.8 7.5H20M2 14.5h10.2M15.8 14.5H20" />
      <path d="M8 2v10.2M8 16v4M14 2v3.7M14 9.3V20" />
    </svg>
  );
}
