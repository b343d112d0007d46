'use client';

import Link from 'next/link';
import type { ReactNode } from 'react';
import { useSharedQuery, withShared } from '../lib/url-state.ts';

/** A link inside the console that keeps namespaces, time range and refresh. */
export function SharedLink({
  href,
  children,
  className,
  title,
}: {
  href: string;
  children: ReactNode;
  className?: string;
  title?: string;
}) {
  const shared = useSharedQuery();
  return (
    <Link href={withShared(href, shared)} {...(className === undefined ? {} : { className })} {...(title === undefined ? {} : { title })}>
      {children}
    </Link>
  );
}
