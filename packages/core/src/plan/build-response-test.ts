import type { MatchPredicateJson } from '@weft/envoy-api/envoy/config/common/matcher/v3/matcher_pb';
import { buildHeaderMatcher } from './build-matcher.ts';
import type { ResponseTest } from './cluster-plan.ts';

/** A predicate over response headers; what looks at requests or bodies holds for nothing. */
export function buildResponseTest(json: MatchPredicateJson): ResponseTest {
  if (json.orMatch) {
    const tests = (json.orMatch.rules ?? []).map(buildResponseTest);
    return (header) => tests.some((test) => test(header));
  }
  if (json.andMatch) {
    const tests = (json.andMatch.rules ?? []).map(buildResponseTest);
    return (header) => tests.every((test) => test(header));
  }
  if (json.notMatch) {
    const test = buildResponseTest(json.notMatch);
    return (header) => !test(header);
  }
  if (json.httpResponseHeadersMatch) {
    const matchers = (json.httpResponseHeadersMatch.headers ?? []).map(buildHeaderMatcher);
    return (header) => matchers.every((matcher) => matcher.matches(header(matcher.name)));
  }
  return () => json.anyMatch === true;
}
