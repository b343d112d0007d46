import type { IpJson } from '@weft/envoy-api/envoy/extensions/matching/input_matchers/ip/v3/ip_pb';
import type { IPMatcherJson } from '@weft/envoy-api/xds/type/matcher/v3/ip_pb';
import type {
  Matcher_MatcherList_Predicate_SinglePredicateJson,
  Matcher_MatcherList_PredicateJson,
  Matcher_MatcherTreeJson,
  Matcher_OnMatchJson,
  MatcherJson,
} from '@weft/envoy-api/xds/type/matcher/v3/matcher_pb';
import { buildStringMatcher } from './build-matcher.ts';
import { type ChainInput, chainInput } from './chain-matcher-inputs.ts';
import type { ConnectionFacts } from './facts.ts';
import { type IpRange, isInRange, parseIpAddress, parseIpRange } from './ip-address.ts';
import { messageName } from './read.ts';

/** Names the filter chain of a connection; null where nothing matches, which leaves the default chain. */
export type ChainMatcher = (facts: ConnectionFacts) => string | null;

/** A compiled `filter_chain_matcher`, and what of it is not supported. */
export interface ChainMatcherPlan {
  readonly choose: ChainMatcher;
  readonly problems: readonly string[];
}

/** Compiles a listener's `filter_chain_matcher`. Parts that are not known match nothing and are told. */
export function buildChainMatcher(json: MatcherJson): ChainMatcherPlan {
  const builder = new Builder();
  return { choose: builder.matcher(json, 'filterChainMatcher'), problems: builder.problems };
}

type Test = (facts: ConnectionFacts) => boolean;
type Extension = { readonly typedConfig?: Readonly<Record<string, unknown>> } | undefined;

const nothing: ChainMatcher = () => null;

class Builder {
  readonly problems: string[] = [];

  /** A list's first, or a tree's most specific, entry that comes to a chain decides; then `on_no_match`. */
  matcher(json: MatcherJson, path: string): ChainMatcher {
    const otherwise = json.onNoMatch ? this.#onMatch(json.onNoMatch, `${path}.onNoMatch`) : nothing;
    const found = json.matcherTree
      ? this.#tree(json.matcherTree, `${path}.matcherTree`)
      : this.#first(
          (json.matcherList?.matchers ?? []).map(({ predicate, onMatch }, index) => {
            const at = `${path}.matcherList.matchers[${index}]`;
            const test = this.#predicate(predicate ?? {}, `${at}.predicate`);
            const then = this.#onMatch(onMatch ?? {}, `${at}.onMatch`);
            return (facts) => (test(facts) ? then(facts) : null);
          }),
        );
    return (facts) => found(facts) ?? otherwise(facts);
  }

  #first(matchers: readonly ChainMatcher[]): ChainMatcher {
    return (facts) => {
      for (const matcher of matchers) {
        const name = matcher(facts);
        if (name !== null) return name;
      }
      return null;
    };
  }

  #onMatch(json: Matcher_OnMatchJson, path: string): ChainMatcher {
    if (json.matcher) return this.matcher(json.matcher, `${path}.matcher`);
    const { '@type': type, value } = (json.action?.typedConfig ?? {}) as { readonly '@type'?: string; readonly value?: unknown };
    if (messageName(type) !== 'google.protobuf.StringValue') return this.#unknown(`${path}.action`, nothing);
    const name = typeof value === 'string' ? value : '';
    return () => name;
  }

  #predicate(json: Matcher_MatcherList_PredicateJson, path: string): Test {
    if (json.singlePredicate) return this.#single(json.singlePredicate, `${path}.singlePredicate`);
    if (json.notMatcher) {
      const inner = this.#predicate(json.notMatcher, `${path}.notMatcher`);
      return (facts) => !inner(facts);
    }
    const all = (field: 'andMatcher' | 'orMatcher'): Test[] =>
      (json[field]?.predicate ?? []).map((each, index) => this.#predicate(each, `${path}.${field}.predicate[${index}]`));
    if (json.andMatcher) {
      const tests = all('andMatcher');
      return (facts) => tests.every((test) => test(facts));
    }
    const tests = all('orMatcher');
    return (facts) => tests.some((test) => test(facts));
  }

  #single(json: Matcher_MatcherList_Predicate_SinglePredicateJson, path: string): Test {
    const input = this.#input(json.input as Extension, path);
    const test = json.valueMatch ? buildStringMatcher(json.valueMatch).matches : this.#customTest(json.customMatch as Extension, path);
    return (facts) => {
      const value = input(facts);
      return value !== null && test(value);
    };
  }

  #customTest(extension: Extension, path: string): (value: string) => boolean {
    const config = extension?.typedConfig ?? {};
    if (messageName(config['@type'] as string | undefined) !== 'envoy.extensions.matching.input_matchers.ip.v3.Ip')
      return this.#unknown(`${path}.customMatch`, () => false);
    const ranges = rangesOf((config as IpJson).cidrRanges);
    return (value) => isWithin(value, ranges);
  }

  #tree(json: Matcher_MatcherTreeJson, path: string): ChainMatcher {
    const input = this.#input(json.input as Extension, path);
    if (json.customMatch) return this.#customTree(input, json.customMatch as Extension, `${path}.customMatch`);
    const field = json.prefixMatchMap ? 'prefixMatchMap' : 'exactMatchMap';
    const entries = Object.entries(json[field]?.map ?? {}).map(
      ([key, then]) => [key, this.#onMatch(then, `${path}.${field}.map[${key}]`)] as const,
    );
    if (field === 'exactMatchMap') {
      const byValue = new Map(entries);
      return (facts) => byValue.get(input(facts) ?? '')?.(facts) ?? null;
    }
    const longestFirst = entries.toSorted(([a], [b]) => b.length - a.length);
    return this.#first(
      longestFirst.map(
        ([key, then]) =>
          (facts) =>
            input(facts)?.startsWith(key) === true ? then(facts) : null,
      ),
    );
  }

  #customTree(input: ChainInput, extension: Extension, path: string): ChainMatcher {
    const config = extension?.typedConfig ?? {};
    if (messageName(config['@type'] as string | undefined) !== 'xds.type.matcher.v3.IPMatcher') return this.#unknown(path, nothing);
    const entries = ((config as IPMatcherJson).rangeMatchers ?? []).flatMap(({ ranges, onMatch, exclusive }, index) => {
      const then = this.#onMatch(onMatch ?? {}, `${path}.rangeMatchers[${index}].onMatch`);
      return rangesOf(ranges).map((range) => ({ range, then, exclusive: exclusive ?? false }));
    });
    const narrowestFirst = entries.toSorted((a, b) => b.range.prefixLength - a.range.prefixLength);
    return (facts) => {
      const value = input(facts) ?? '';
      for (const { range, then, exclusive } of narrowestFirst) {
        if (!isWithin(value, [range])) continue;
        const name = then(facts);
        // An exclusive range keeps its addresses from the wider ones.
        if (name !== null || exclusive) return name;
      }
      return null;
    };
  }

  #input(extension: Extension, path: string): ChainInput {
    const input = chainInput(messageName(extension?.typedConfig?.['@type'] as string | undefined));
    return input ?? this.#unknown(`${path}.input`, nothing);
  }

  #unknown<T>(path: string, stand: T): T {
    this.problems.push(`${path} is not supported`);
    return stand;
  }
}

function rangesOf(list: readonly { readonly addressPrefix?: string; readonly prefixLen?: number }[] | undefined): IpRange[] {
  return (list ?? []).flatMap(({ addressPrefix, prefixLen }) => parseIpRange(addressPrefix ?? '', prefixLen ?? 0) ?? []);
}

function isWithin(value: string, ranges: readonly IpRange[]): boolean {
  const address = parseIpAddress(value);
  return address !== null && ranges.some((range) => isInRange(address, range));
}
