/** A request sent through a listener of `tracing-setups`. */
export interface TracingCase {
  readonly setup: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const single = '463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-1-0020000000000001';
const b3 = {
  'x-b3-traceid': '463ac35c9f6413ad48485a3953bb6124',
  'x-b3-spanid': 'a2fb4a1d1a96d312',
  'x-b3-parentspanid': '0020000000000001',
  'x-b3-sampled': '1',
};
const idWith = (digit: string) => ({ 'x-request-id': `11111111-2222-${digit}333-8444-555555555555` });

const zipkinCases = ['zipkin', 'zipkinShared', 'zipkinOutbound', 'zipkinW3c'].flatMap((setup): TracingCase[] => [
  { setup, path: '/a' },
  { setup, path: '/decorated' },
  { setup, path: '/status/500' },
  { setup, path: '/a', headers: b3 },
  { setup, path: '/a', headers: { ...b3, 'x-b3-sampled': '0' } },
  { setup, path: '/a', headers: { ...b3, 'x-b3-sampled': 'true' } },
  { setup, path: '/a', headers: { 'x-b3-sampled': '0' } },
  { setup, path: '/a', headers: { b3: single } },
  { setup, path: '/a', headers: { b3: single.slice(0, 49) } },
  { setup, path: '/a', headers: { b3: single.slice(0, 51) } },
  { setup, path: '/a', headers: { b3: '0' } },
  { setup, path: '/a', headers: { b3: 'd' } },
  { setup, path: '/a', headers: { b3: 'nonsense' } },
  { setup, path: '/a', headers: { traceparent } },
  { setup, path: '/a', headers: { ...b3, 'x-b3-traceid': 'bogus' } },
  { setup, path: '/a', headers: { 'x-b3-flags': '1' } },
]);

/** What both proxies must tell of in the same way. */
export const tracingCases: readonly TracingCase[] = [
  ...[
    '/a?b=c',
    '/decorated',
    '/quiet',
    '/direct',
    '/dead',
    '/status/404',
    '/status/500',
    '/rewrite/x',
    '/mirror',
    '/route',
    '/tagged',
    '/flaky/1/500',
  ].map((path) => ({ setup: 'server', path })),
  { setup: 'server', path: '/a', headers: { traceparent, tracestate: 'a=b' } },
  { setup: 'server', path: '/a', headers: { traceparent: traceparent.replace(/01$/, '00') } },
  { setup: 'server', path: '/a', headers: { traceparent: 'garbage' } },
  { setup: 'server', path: '/a', headers: { traceparent: traceparent.replace('b7ad6b7169203331', '0000000000000000') } },
  { setup: 'server', path: '/a', headers: { traceparent: traceparent.replace(/^00/, 'cc') } },
  { setup: 'server', path: '/a', headers: { 'content-type': 'application/grpc', 'grpc-timeout': '1S', te: 'trailers' } },
  { setup: 'server', path: '/dead', headers: { 'content-type': 'application/grpc' } },
  { setup: 'server', path: '/a', headers: { 'x-envoy-decorator-operation': 'over' } },
  { setup: 'server', path: '/decorated', headers: { 'x-envoy-decorator-operation': 'over' } },
  { setup: 'server', path: '/a', headers: { 'x-request-id': 'not-a-uuid' } },
  { setup: 'inbound', path: '/a' },
  { setup: 'outbound', path: '/a/very/long/path/that/is/cut?x=y', headers: { 'x-custom': 'mine' } },
  { setup: 'outbound', path: '/decorated' },
  { setup: 'outbound', path: '/quiet' },
  { setup: 'outbound', path: '/status/404' },
  { setup: 'outbound', path: '/tagged' },
  { setup: 'http', path: '/a' },
  { setup: 'silent', path: '/a' },
  { setup: 'silent', path: '/mirror' },
  { setup: 'silent', path: '/a', headers: { traceparent } },
  { setup: 'verbose', path: '/a' },
  { setup: 'upstreamSpan', path: '/a' },
  { setup: 'upstreamSpan', path: '/flaky/9/500' },
  { setup: 'unsampled', path: '/a' },
  { setup: 'unsampled', path: '/a', headers: { 'x-client-trace-id': 'abc' } },
  { setup: 'unsampled', path: '/a', headers: { 'x-envoy-force-trace': '1' } },
  ...['4', '5', '9', 'a', 'b'].map((digit) => ({ setup: 'unsampled', path: '/a', headers: idWith(digit) })),
  { setup: 'off', path: '/a' },
  { setup: 'off', path: '/a', headers: idWith('9') },
  { setup: 'edge', path: '/a', headers: { 'x-envoy-force-trace': '1' } },
  { setup: 'edge', path: '/a', headers: { 'x-client-trace-id': 'abc', ...idWith('4') } },
  { setup: 'ownSampling', path: '/a' },
  { setup: 'ownSampling', path: '/a', headers: idWith('4') },
  ...zipkinCases,
];
