import type { ClusterCase, Locality } from './cluster-case.ts';

const subsetHosts: readonly Locality[] = [
  {
    endpoints: [
      { to: 0, lb: { version: 'v1', stage: 'prod' } },
      { to: 1, lb: { version: 'v1', stage: 'dev' } },
      { to: 2, lb: { version: 'v2', stage: 'prod' } },
      { to: 3, lb: { version: ['v3', 'v4'], stage: 'prod', default: true } },
    ],
  },
];
const subset = (config: object, match: object | null): ClusterCase => ({
  localities: subsetHosts,
  config: { lb_subset_config: config },
  ...(match === null ? {} : { route: { metadata_match: { filter_metadata: { 'envoy.lb': match } } } }),
});
const selectors = (...keys: readonly (readonly string[])[]) => keys.map((each) => ({ keys: each }));

/** Clusters that balance over subsets of their hosts. */
export const subsetCases: Readonly<Record<string, ClusterCase>> = {
  subset_exact: subset({ fallback_policy: 'NO_FALLBACK', subset_selectors: selectors(['version']) }, { version: 'v1' }),
  subset_two: subset(
    { fallback_policy: 'NO_FALLBACK', subset_selectors: selectors(['version', 'stage']) },
    { version: 'v1', stage: 'dev' },
  ),
  subset_other_keys: subset({ fallback_policy: 'NO_FALLBACK', subset_selectors: selectors(['version']) }, { stage: 'prod' }),
  subset_more_keys: subset({ fallback_policy: 'NO_FALLBACK', subset_selectors: selectors(['version']) }, { version: 'v1', stage: 'dev' }),
  subset_missing: subset({ fallback_policy: 'NO_FALLBACK', subset_selectors: selectors(['version']) }, { version: 'v9' }),
  subset_any: subset({ fallback_policy: 'ANY_ENDPOINT', subset_selectors: selectors(['version']) }, { version: 'v9' }),
  subset_default: subset(
    { fallback_policy: 'DEFAULT_SUBSET', default_subset: { default: true }, subset_selectors: selectors(['version']) },
    { version: 'v9' },
  ),
  subset_none: subset({ fallback_policy: 'NO_FALLBACK', subset_selectors: selectors(['version']) }, null),
  subset_none_any: subset({ fallback_policy: 'ANY_ENDPOINT', subset_selectors: selectors(['version']) }, null),
  subset_selector_any: subset(
    { fallback_policy: 'NO_FALLBACK', subset_selectors: [{ keys: ['version'], fallback_policy: 'ANY_ENDPOINT' }] },
    { version: 'v9' },
  ),
  subset_selector_default: subset(
    {
      fallback_policy: 'NO_FALLBACK',
      default_subset: { default: true },
      subset_selectors: [{ keys: ['version'], fallback_policy: 'DEFAULT_SUBSET' }],
    },
    { version: 'v9' },
  ),
  subset_selector_none: subset(
    { fallback_policy: 'ANY_ENDPOINT', subset_selectors: [{ keys: ['version'], fallback_policy: 'NO_FALLBACK' }] },
    { version: 'v9' },
  ),
  subset_selector_keys: subset(
    {
      fallback_policy: 'NO_FALLBACK',
      subset_selectors: [
        { keys: ['version', 'stage'], fallback_policy: 'KEYS_SUBSET', fallback_keys_subset: ['stage'] },
        { keys: ['stage'], fallback_policy: 'NO_FALLBACK' },
      ],
    },
    { version: 'v9', stage: 'dev' },
  ),
  subset_list: subset({ fallback_policy: 'NO_FALLBACK', list_as_any: true, subset_selectors: selectors(['version']) }, { version: 'v4' }),
  subset_without_selectors: subset({ fallback_policy: 'NO_FALLBACK' }, { version: 'v1' }),

  // The fleet: 2 of 4 proxies are in this one's zone, which has 1 of 6 hosts.
};
