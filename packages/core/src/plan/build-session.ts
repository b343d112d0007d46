import type {
  StatefulSessionJson,
  StatefulSessionPerRouteJson,
} from '@weft/envoy-api/envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb';
import type { CookieBasedSessionStateJson } from '@weft/envoy-api/envoy/extensions/http/stateful_session/cookie/v3/cookie_pb';
import type { HeaderBasedSessionStateJson } from '@weft/envoy-api/envoy/extensions/http/stateful_session/header/v3/header_pb';
import type { FilterConfigPlan } from './http-filter-plan.ts';
import { durationMs, messageName } from './read.ts';
import type { SessionStatePlan } from './session-plan.ts';

/** Compiles the stateful_session filter; its state's extension may be one that is not supported. */
export function buildSession({ sessionState, strict }: StatefulSessionJson): FilterConfigPlan {
  const { '@type': typeUrl = '', ...config } = (sessionState?.typedConfig ?? {}) as { readonly '@type'?: string };
  const state = sessionState === undefined ? null : buildState(messageName(typeUrl), config);
  if (state === undefined) return { kind: 'unsupported', typeUrl, config };
  return { kind: 'statefulSession', session: { state, isStrict: strict ?? false } };
}

export function buildSessionRoute({ disabled, statefulSession }: StatefulSessionPerRouteJson): FilterConfigPlan {
  return disabled === true ? { kind: 'disabled' } : buildSession(statefulSession ?? {});
}

function buildState(name: string, config: object): SessionStatePlan | undefined {
  if (name === 'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState') {
    const { cookie } = config as CookieBasedSessionStateJson;
    return {
      kind: 'cookie',
      name: cookie?.name ?? '',
      path: cookie?.path ?? '',
      ttlSeconds: Math.floor(durationMs(cookie?.ttl, 0) / 1000),
    };
  }
  if (name !== 'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState') return undefined;
  return { kind: 'header', name: ((config as HeaderBasedSessionStateJson).name ?? '').toLowerCase() };
}
