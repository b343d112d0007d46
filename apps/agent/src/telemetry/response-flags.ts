import type { ResponseFlags } from '@weft/envoy-api/envoy/data/accesslog/v3/accesslog_pb';

type FlagField = Exclude<keyof ResponseFlags, '$typeName' | '$unknown'>;

const shortByField: Readonly<Record<FlagField, string>> = {
  failedLocalHealthcheck: 'LH',
  noHealthyUpstream: 'UH',
  upstreamRequestTimeout: 'UT',
  localReset: 'LR',
  upstreamRemoteReset: 'UR',
  upstreamConnectionFailure: 'UF',
  upstreamConnectionTermination: 'UC',
  upstreamOverflow: 'UO',
  noRouteFound: 'NR',
  delayInjected: 'DI',
  faultInjected: 'FI',
  rateLimited: 'RL',
  unauthorizedDetails: 'UAEX',
  rateLimitServiceError: 'RLSE',
  downstreamConnectionTermination: 'DC',
  upstreamRetryLimitExceeded: 'URX',
  streamIdleTimeout: 'SI',
  invalidEnvoyRequestHeaders: 'IH',
  downstreamProtocolError: 'DPE',
  upstreamMaxStreamDurationReached: 'UMSDR',
  responseFromCacheFilter: 'RFCF',
  noFilterConfigFound: 'NFCF',
  durationTimeout: 'DT',
  upstreamProtocolError: 'UPE',
  noClusterFound: 'NC',
  overloadManager: 'OM',
  dnsResolutionFailure: 'DF',
  downstreamRemoteReset: 'DR',
};
const fields = Object.entries(shortByField) as readonly (readonly [FlagField, string])[];

/** The short names of the flags that are set. */
export function shortFlags(flags: ResponseFlags | undefined): readonly string[] {
  if (!flags) return [];
  return fields.flatMap(([field, short]) => (flags[field] ? [short] : []));
}
