import { append, everything, exactHeader, extension, toOrigin } from './config-parts.ts';
import type { Setup } from './setup.ts';

/** Listeners about which route takes a request and what it makes of it. */
export const routingSetups: Readonly<Record<string, Setup>> = {
  plain: { routes: [everything] },
  matching: {
    routes: [
      { name: 'exact', match: { path: '/exact' }, ...toOrigin({ prefix_rewrite: '/seen/exact' }) },
      { name: 'regex', match: { safe_regex: { regex: '/re/[0-9]+' } }, ...toOrigin({ prefix_rewrite: '/seen/regex' }) },
      { name: 'sep', match: { path_separated_prefix: '/sep' }, ...toOrigin({ prefix_rewrite: '/seen/sep' }) },
      { name: 'nocase', match: { prefix: '/NoCase', case_sensitive: false }, ...toOrigin({ prefix_rewrite: '/seen/nocase' }) },
      { name: 'header', match: { prefix: '/h', headers: [exactHeader('x-a', '1')] }, ...toOrigin({ prefix_rewrite: '/seen/header' }) },
      {
        name: 'present',
        match: { prefix: '/h', headers: [{ name: 'x-b', present_match: true }] },
        ...toOrigin({ prefix_rewrite: '/seen/present' }),
      },
      {
        name: 'inverted',
        match: {
          prefix: '/h',
          headers: [
            { name: 'x-c', string_match: { exact: 'no' }, invert_match: true },
            { name: 'x-d', present_match: true },
          ],
        },
        ...toOrigin({ prefix_rewrite: '/seen/inverted' }),
      },
      {
        name: 'missing-empty',
        match: {
          prefix: '/me',
          headers: [{ name: 'x-e', string_match: { exact: 'y' }, invert_match: true, treat_missing_header_as_empty: true }],
        },
        ...toOrigin({ prefix_rewrite: '/seen/me' }),
      },
      {
        name: 'range',
        match: { prefix: '/h', headers: [{ name: 'x-n', range_match: { start: 5, end: 10 } }] },
        ...toOrigin({ prefix_rewrite: '/seen/range' }),
      },
      {
        name: 'query',
        match: { prefix: '/q', query_parameters: [{ name: 'a', string_match: { exact: '1' } }] },
        ...toOrigin({ prefix_rewrite: '/seen/query' }),
      },
      {
        name: 'query-present',
        match: { prefix: '/q', query_parameters: [{ name: 'b', present_match: true }] },
        ...toOrigin({ prefix_rewrite: '/seen/qp' }),
      },
      {
        name: 'method',
        match: { prefix: '/m', headers: [exactHeader(':method', 'PUT')] },
        ...toOrigin({ prefix_rewrite: '/seen/method' }),
      },
      {
        name: 'authority',
        match: { prefix: '/', headers: [exactHeader(':authority', 'special.example.com')] },
        ...toOrigin({ prefix_rewrite: '/seen/authority' }),
      },
      { name: 'grpc', match: { prefix: '/g', grpc: {} }, ...toOrigin({ prefix_rewrite: '/seen/grpc' }) },
      {
        name: 'template',
        match: {
          path_match_policy: extension(
            'envoy.path.match.uri_template.uri_template_matcher',
            'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
            { path_template: '/t/{a}/x/{b=**}' },
          ),
        },
        ...toOrigin(),
      },
    ],
    host: { domains: ['*'] },
  },
  hosts: {
    hosts: [
      {
        name: 'exact',
        domains: ['a.example.com', 'a.example.com:81'],
        routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'exact' } } }],
      },
      {
        name: 'suffix-long',
        domains: ['*.b.example.com'],
        routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'suffix-long' } } }],
      },
      {
        name: 'suffix',
        domains: ['*.example.com'],
        routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'suffix' } } }],
      },
      {
        name: 'prefix',
        domains: ['a.*'],
        routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'prefix' } } }],
      },
      { name: 'empty', domains: ['empty.test'], routes: [] },
      { name: 'tls', domains: ['tls.test'], require_tls: 'ALL', routes: [everything] },
    ],
  },
  actions: {
    routes: [
      { match: { prefix: '/redirect/host' }, redirect: { host_redirect: 'other.example.com' } },
      { match: { prefix: '/redirect/path' }, redirect: { path_redirect: '/new' } },
      { match: { prefix: '/redirect/pathq' }, redirect: { path_redirect: '/new?fixed=1' } },
      { match: { prefix: '/redirect/prefix' }, redirect: { prefix_rewrite: '/swapped' } },
      { match: { prefix: '/redirect/https' }, redirect: { https_redirect: true } },
      { match: { prefix: '/redirect/port' }, redirect: { port_redirect: 8443 } },
      { match: { prefix: '/redirect/strip' }, redirect: { path_redirect: '/s', strip_query: true } },
      {
        match: { prefix: '/redirect/regex' },
        redirect: { regex_rewrite: { pattern: { regex: '^/redirect/regex/(.*)$' }, substitution: '/r/\\1' } },
      },
      ...['MOVED_PERMANENTLY', 'FOUND', 'SEE_OTHER', 'TEMPORARY_REDIRECT', 'PERMANENT_REDIRECT'].map((code) => ({
        match: { prefix: `/code/${code.toLowerCase()}` },
        redirect: { path_redirect: '/x', response_code: code },
      })),
      { match: { prefix: '/direct/body' }, direct_response: { status: 418, body: { inline_string: 'teapot' } } },
      { match: { prefix: '/direct/empty' }, direct_response: { status: 200 } },
      { match: { prefix: '/direct/204' }, direct_response: { status: 204 } },
      {
        match: { prefix: '/direct/headers' },
        direct_response: { status: 200, body: { inline_string: 'h' } },
        response_headers_to_add: [append('x-added', 'yes')],
      },
      { match: { prefix: '/rewrite/prefix' }, ...toOrigin({ prefix_rewrite: '/new' }) },
      { match: { prefix: '/rewrite/slash/' }, ...toOrigin({ prefix_rewrite: '/' }) },
      {
        match: { prefix: '/rewrite/regex' },
        ...toOrigin({ regex_rewrite: { pattern: { regex: '/rewrite/regex/(\\w+)/(\\w+)' }, substitution: '/\\2/\\1' } }),
      },
      { match: { prefix: '/rewrite/host' }, ...toOrigin({ host_rewrite_literal: 'rewritten.example.com' }) },
      { match: { prefix: '/rewrite/xfh' }, ...toOrigin({ host_rewrite_literal: 'rewritten.example.com', append_x_forwarded_host: true }) },
      { match: { prefix: '/rewrite/header' }, ...toOrigin({ host_rewrite_header: 'x-host' }) },
      {
        match: { prefix: '/rewrite/hostregex' },
        ...toOrigin({ host_rewrite_path_regex: { pattern: { regex: '^/rewrite/hostregex/(.+)$' }, substitution: '\\1' } }),
      },
      { match: { prefix: '/clusterheader' }, route: { cluster_header: 'x-cluster' } },
      { match: { prefix: '/nocluster' }, route: { cluster: 'missing' } },
      { match: { prefix: '/nocluster404' }, route: { cluster: 'missing', cluster_not_found_response_code: 'NOT_FOUND' } },
      { match: { prefix: '/dead' }, route: { cluster: 'dead' } },
      { match: { prefix: '/empty' }, route: { cluster: 'empty' } },
    ],
  },
  headers: {
    table: {
      request_headers_to_add: [append('x-level', 'table')],
      response_headers_to_add: [append('x-r-level', 'table')],
      response_headers_to_remove: ['x-origin'],
    },
    host: { domains: ['*'], request_headers_to_add: [append('x-level', 'host')], response_headers_to_add: [append('x-r-level', 'host')] },
    routes: [
      {
        match: { prefix: '/' },
        ...toOrigin(),
        request_headers_to_add: [
          append('x-level', 'route'),
          append('x-over', 'new', 'OVERWRITE_IF_EXISTS_OR_ADD'),
          append('x-absent', 'added', 'ADD_IF_ABSENT'),
          append('x-ifexists', 'changed', 'OVERWRITE_IF_EXISTS'),
          append('x-path', '%REQ(:path)%'),
          append('x-proto', '%PROTOCOL%'),
          append('x-host', '%REQ(:authority)%'),
          append('x-pct', '100%%'),
          append('x-client', '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'),
        ],
        request_headers_to_remove: ['x-remove'],
        response_headers_to_add: [append('x-r-level', 'route'), append('x-code', '%RESPONSE_CODE%')],
        response_headers_to_remove: ['x-mixed-case'],
      },
    ],
  },
};
