const type = (name: string) => `type.googleapis.com/${name}`;
const input = (name: string) => ({
  name,
  typedConfig: { '@type': type(`envoy.extensions.matching.common_inputs.network.v3.${name}Input`) },
});
const to = (value: string) => ({ action: { name: value, typedConfig: { '@type': type('google.protobuf.StringValue'), value } } });
const tree = (name: string, kind: 'exactMatchMap' | 'prefixMatchMap', map: object, onNoMatch?: object) => ({
  matcherTree: { input: input(name), [kind]: { map } },
  ...(onNoMatch && { onNoMatch }),
});
const list = (...matchers: readonly (readonly [predicate: object, onMatch: object])[]) => ({
  matcherList: { matchers: matchers.map(([predicate, onMatch]) => ({ predicate, onMatch })) },
});
const is = (name: string, valueMatch: object) => ({ singlePredicate: { input: input(name), valueMatch } });
const within = (name: string, ...ranges: readonly (readonly [string, number])[]) => ({
  singlePredicate: {
    input: input(name),
    customMatch: {
      name: 'ip',
      typedConfig: { '@type': type('envoy.extensions.matching.input_matchers.ip.v3.Ip'), statPrefix: 's', cidrRanges: cidrs(ranges) },
    },
  },
});
const cidrs = (ranges: readonly (readonly [string, number])[]) =>
  ranges.map(([addressPrefix, prefixLen]) => ({ addressPrefix, prefixLen }));
const ipTree = (name: string, rangeMatchers: readonly object[], onNoMatch?: object) => ({
  matcherTree: {
    input: input(name),
    customMatch: { name: 'ip', typedConfig: { '@type': type('xds.type.matcher.v3.IPMatcher'), rangeMatchers } },
  },
  ...(onNoMatch && { onNoMatch }),
});

/** Matchers of listeners with the chains `a`, `b` and `c`, and the default chain `rest`. */
export const chainMatchers: Readonly<Record<string, object>> = {
  ports: tree('DestinationPort', 'exactMatchMap', { 443: to('a'), 80: to('b') }, to('c')),
  'ports or the default': tree('DestinationPort', 'exactMatchMap', { 443: to('a') }),
  'a name that no chain has': tree('DestinationPort', 'exactMatchMap', { 443: to('nobody') }),
  'source ports by prefix': tree('SourcePort', 'prefixMatchMap', { 1: to('a'), 123: to('b'), 12345: to('c') }),
  'prefixes whose narrowest comes to nothing': tree('SourcePort', 'prefixMatchMap', {
    1: to('a'),
    123: { matcher: tree('DestinationPort', 'exactMatchMap', { 443: to('b') }) },
  }),
  destinations: tree('DestinationIP', 'exactMatchMap', { '192.0.2.7': to('a'), '2001:db8::2': to('b') }),
  'source types': tree('SourceType', 'exactMatchMap', { local: to('a') }, to('b')),
  'direct sources': list([within('DirectSourceIP', ['127.0.0.0', 8]), to('a')]),
  'server names': tree('ServerName', 'exactMatchMap', { 'a.test': to('a'), 'b.test': to('b') }),
  'server names by kind': list(
    [is('ServerName', { suffix: '.TEST', ignoreCase: true }), to('a')],
    [is('ServerName', { safeRegex: { googleRe2: {}, regex: 'x+\\.example' } }), to('b')],
    [{ notMatcher: is('ServerName', { prefix: 'no' }) }, to('c')],
  ),
  'transport protocols': tree('TransportProtocol', 'exactMatchMap', { tls: to('a'), raw_buffer: to('b') }),
  'application protocols': list(
    [is('ApplicationProtocol', { exact: "'h2','http/1.1'" }), to('a')],
    [is('ApplicationProtocol', { contains: 'istio' }), to('b')],
    [is('ApplicationProtocol', { prefix: "'" }), to('c')],
  ),
  'all and one of': list(
    [{ andMatcher: { predicate: [is('DestinationPort', { exact: '443' }), within('SourceIP', ['10.0.0.0', 8])] } }, to('a')],
    [{ orMatcher: { predicate: [is('DestinationPort', { exact: '80' }), within('SourceIP', ['2001:db8::', 32])] } }, to('b')],
  ),
  'an entry that comes to nothing': list(
    [is('DestinationPort', { prefix: '4' }), { matcher: list([is('SourcePort', { exact: '1' }), to('a')]) }],
    [is('DestinationPort', { prefix: '44' }), to('b')],
  ),
  'an inner default': list(
    [is('DestinationPort', { prefix: '4' }), { matcher: { ...list([is('SourcePort', { exact: '1' }), to('a')]), onNoMatch: to('c') } }],
    [is('DestinationPort', { prefix: '44' }), to('b')],
  ),
  ranges: ipTree('SourceIP', [
    { ranges: cidrs([['10.0.0.0', 8]]), onMatch: to('a') },
    {
      ranges: cidrs([
        ['10.1.0.0', 16],
        ['2001:db8::', 32],
      ]),
      onMatch: to('b'),
    },
    { ranges: cidrs([['0.0.0.0', 0]]), onMatch: to('c') },
  ]),
  'ranges whose narrowest comes to nothing': ipTree(
    'SourceIP',
    [
      { ranges: cidrs([['10.0.0.0', 8]]), onMatch: to('a') },
      {
        ranges: cidrs([['10.1.0.0', 16]]),
        onMatch: { matcher: tree('DestinationPort', 'exactMatchMap', { 443: to('b') }) },
      },
    ],
    to('c'),
  ),
  'an exclusive range': ipTree(
    'SourceIP',
    [
      { ranges: cidrs([['10.0.0.0', 8]]), onMatch: to('a') },
      {
        ranges: cidrs([['10.1.0.0', 16]]),
        exclusive: true,
        onMatch: { matcher: tree('DestinationPort', 'exactMatchMap', { 443: to('b') }) },
      },
    ],
    to('c'),
  ),
  nested: tree('DestinationPort', 'exactMatchMap', {
    443: { matcher: tree('ServerName', 'exactMatchMap', { 'a.test': to('a') }, to('b')) },
    80: { matcher: ipTree('SourceIP', [{ ranges: cidrs([['10.0.0.0', 8]]), onMatch: to('c') }]) },
  }),
};
