/** One quota and how much of it is left. */
export interface Quota {
  readonly limit: number;
  /** Seconds that the limit is for; 0 = unknown. */
  readonly windowSeconds: number;
  readonly name: string;
  readonly remaining: number;
  readonly resetSeconds: number;
}

/** `x-ratelimit-*` headers of the IETF draft 03: the quota with the least left, and all policies. */
export function quotaHeaders(quotas: readonly Quota[]): (readonly [name: string, value: string])[] {
  const [first, ...others] = quotas;
  if (first === undefined) return [];
  const least = others.reduce((found, quota) => (quota.remaining < found.remaining ? quota : found), first);
  const policies = quotas
    .filter(({ windowSeconds }) => windowSeconds > 0)
    .map(({ limit, windowSeconds, name }) => `, ${limit};w=${windowSeconds}${name === '' ? '' : `;name="${name}"`}`);
  return [
    ['x-ratelimit-limit', `${least.limit}${policies.join('')}`],
    ['x-ratelimit-remaining', String(least.remaining)],
    ['x-ratelimit-reset', String(least.resetSeconds)],
  ];
}
