/** Envoy's response flags in the order of their bits: short and long names, and the field of access log entries. */
const flags: readonly (readonly [short: string, long: string, field: string])[] = [
  ['LH', 'FailedLocalHealthCheck', 'failedLocalHealthcheck'],
  ['UH', 'NoHealthyUpstream', 'noHealthyUpstream'],
  ['UT', 'UpstreamRequestTimeout', 'upstreamRequestTimeout'],
  ['LR', 'LocalReset', 'localReset'],
  ['UR', 'UpstreamRemoteReset', 'upstreamRemoteReset'],
  ['UF', 'UpstreamConnectionFailure', 'upstreamConnectionFailure'],
  ['UC', 'UpstreamConnectionTermination', 'upstreamConnectionTermination'],
  ['UO', 'UpstreamOverflow', 'upstreamOverflow'],
  ['NR', 'NoRouteFound', 'noRouteFound'],
  ['DI', 'DelayInjected', 'delayInjected'],
  ['FI', 'FaultInjected', 'faultInjected'],
  ['RL', 'RateLimited', 'rateLimited'],
  ['UAEX', 'UnauthorizedExternalService', ''],
  ['RLSE', 'RateLimitServiceError', 'rateLimitServiceError'],
  ['DC', 'DownstreamConnectionTermination', 'downstreamConnectionTermination'],
  ['URX', 'UpstreamRetryLimitExceeded', 'upstreamRetryLimitExceeded'],
  ['SI', 'StreamIdleTimeout', 'streamIdleTimeout'],
  ['IH', 'InvalidEnvoyRequestHeaders', 'invalidEnvoyRequestHeaders'],
  ['DPE', 'DownstreamProtocolError', 'downstreamProtocolError'],
  ['UMSDR', 'UpstreamMaxStreamDurationReached', 'upstreamMaxStreamDurationReached'],
  ['RFCF', 'ResponseFromCacheFilter', 'responseFromCacheFilter'],
  ['NFCF', 'NoFilterConfigFound', 'noFilterConfigFound'],
  ['DT', 'DurationTimeout', 'durationTimeout'],
  ['UPE', 'UpstreamProtocolError', 'upstreamProtocolError'],
  ['NC', 'NoClusterFound', 'noClusterFound'],
  ['OM', 'OverloadManagerTerminated', 'overloadManager'],
  ['DF', 'DnsResolutionFailed', 'dnsResolutionFailure'],
  ['DO', 'DropOverLoad', ''],
  ['DR', 'DownstreamRemoteReset', 'downstreamRemoteReset'],
  ['UDO', 'UnconditionalDropOverload', ''],
];

const byShortName = new Map(flags.map((flag, bit) => [flag[0], { bit, long: flag[1], field: flag[2] }]));

/** The bits of comma-separated flags, as CEL's `response.flags` has them. */
export function flagBits(short: string): number {
  let bits = 0;
  if (short === '') return bits;
  for (const flag of short.split(',')) {
    const known = byShortName.get(flag);
    if (known !== undefined) bits += 2 ** known.bit;
  }
  return bits;
}

/** Long names of comma-separated flags. */
export function longFlags(short: string): string {
  return short
    .split(',')
    .map((flag) => byShortName.get(flag)?.long ?? flag)
    .join(',');
}

/** The fields of Envoy's access log message that comma-separated flags set. */
export function flagFields(short: string): Record<string, boolean | object> {
  const found: Record<string, boolean | object> = {};
  for (const flag of short.split(',')) {
    const field = byShortName.get(flag)?.field;
    if (flag === 'UAEX') found.unauthorizedDetails = { reason: 1 };
    else if (field) found[field] = true;
  }
  return found;
}
