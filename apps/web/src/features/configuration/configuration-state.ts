'use client';

import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';

const views = ['resources', 'findings', 'history'] as const;
export type ConfigurationView = (typeof views)[number];

/** What the page's address says: the view, the open resource and line, the revisions compared. */
export function useConfigurationState() {
  return useQueryStates(
    {
      view: parseAsStringLiteral(views).withDefault('resources'),
      resource: parseAsString,
      line: parseAsInteger,
      /** The revision that the open resource was just applied as. */
      applied: parseAsInteger,
      kind: parseAsString,
      find: parseAsString.withDefault('').withOptions({ history: 'replace' }),
      revision: parseAsInteger,
      against: parseAsInteger,
    },
    { history: 'push' },
  );
}
