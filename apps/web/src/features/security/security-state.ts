'use client';

import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';

const views = ['policies', 'mtls'] as const;
export type SecurityView = (typeof views)[number];

/** What the page's address says: the view, and the policy that is open (`new` for one that is being drawn). */
export function useSecurityState() {
  return useQueryStates(
    {
      view: parseAsStringLiteral(views).withDefault('policies'),
      policy: parseAsString,
      /** The revision that the open policy was just applied as. */
      applied: parseAsInteger,
      mode: parseAsStringLiteral(['visual', 'yaml'] as const).withDefault('visual'),
    },
    { history: 'push' },
  );
}
