import type { ReactNode } from 'react';
import { CommandPalette } from './command-palette.tsx';
import classes from './frame.module.css';
import { Navigation } from './navigation.tsx';
import { StaleBanner } from './stale-banner.tsx';
import { TopBar } from './top-bar.tsx';

/** What every page sits in: navigation on the left, the shared selectors on top, the page below. */
export function Frame({ children }: { children: ReactNode }) {
  return (
    <>
      <a href="#page" className={classes.skip}>
        Skip to the page
      </a>
      <Navigation />
      <TopBar />
      <CommandPalette />
      <div className={classes.body}>
        <StaleBanner />
        <main id="page" tabIndex={-1} className={classes.main}>
          {children}
        </main>
      </div>
    </>
  );
}
