import { append, extension, toOrigin } from './config-parts.ts';
import type { Setup } from './setup.ts';

const router = extension('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router');
/** A filter that marks the request and the response that pass it. */
const marks = (value: string) =>
  extension('envoy.filters.http.header_mutation', 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {
    mutations: { request_mutations: [{ append: append('x-chain', value) }], response_mutations: [{ append: append('x-r-chain', value) }] },
  });
const denies = extension('envoy.filters.http.rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', {
  rules: { action: 'DENY', policies: { all: { permissions: [{ any: true }], principals: [{ any: true }] } } },
});
const upgrading = (prefix: string, ...upgrade_configs: readonly object[]) => ({
  match: { prefix: `/${prefix}/` },
  ...toOrigin({ prefix_rewrite: '/', upgrade_configs }),
});
const connecting = (route: object, match: object = {}) => ({ match: { connect_matcher: {}, ...match }, route });
const toHost = (name: string) => ({ headers: [{ name: ':authority', string_match: { prefix: name } }] });

/** Listeners about connections that become tunnels: upgrades and CONNECT. */
export const upgradeSetups: Readonly<Record<string, Setup>> = {
  upgradechains: {
    manager: {
      http2_protocol_options: { allow_connect: true },
      upgrade_configs: [
        { upgrade_type: 'websocket', filters: [marks('websocket'), router] },
        { upgrade_type: 'plain' },
        { upgrade_type: 'Denied', filters: [denies, router] },
        { upgrade_type: 'off', enabled: false, filters: [marks('off'), router] },
      ],
    },
    filters: [marks('main')],
    routes: [
      upgrading('on', { upgrade_type: 'off' }, { upgrade_type: 'Other' }),
      upgrading('none', { upgrade_type: 'WebSocket', enabled: false }, { upgrade_type: 'plain', enabled: false }),
      upgrading('short', { upgrade_type: 'websocket' }),
      { match: { prefix: '/direct' }, direct_response: { status: 200, body: { inline_string: 'direct' } } },
      { match: { prefix: '/timeout/' }, ...toOrigin({ prefix_rewrite: '/', timeout: '0.1s' }) },
      { match: { prefix: '/idle/' }, ...toOrigin({ prefix_rewrite: '/', idle_timeout: '0.1s' }) },
      { match: { prefix: '/h2/' }, route: { cluster: 'tunnelh2', prefix_rewrite: '/' } },
      { match: { prefix: '/' }, ...toOrigin() },
    ],
  },
  denyingupgrades: {
    manager: { upgrade_configs: [{ upgrade_type: 'websocket' }, { upgrade_type: 'open', filters: [marks('open'), router] }] },
    filters: [denies],
    routes: [{ match: { prefix: '/' }, ...toOrigin() }],
  },
  connecting: {
    manager: {
      http2_protocol_options: { allow_connect: true },
      upgrade_configs: [{ upgrade_type: 'CONNECT', filters: [marks('connect'), router] }],
    },
    filters: [marks('main')],
    routes: [
      connecting({ cluster: 'origin', upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }] }, toHost('tcp.')),
      connecting({ cluster: 'dead', upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }] }, toHost('dead.')),
      connecting({ cluster: 'empty', upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }] }, toHost('empty.')),
      connecting(
        {
          cluster: 'origin',
          idle_timeout: '0.1s',
          upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }],
        },
        toHost('idle.'),
      ),
      connecting({ cluster: 'origin', upgrade_configs: [{ upgrade_type: 'CONNECT', enabled: false }] }, toHost('off.')),
      connecting({ cluster: 'dead' }, toHost('deadproxy.')),
      connecting({ cluster: 'tunnelh2' }, toHost('h2.')),
      connecting({ cluster: 'origin', host_rewrite_literal: 'rewritten.example.com:7' }, toHost('rewritten.')),
      connecting({ cluster: 'origin' }, toHost('proxy.')),
      {
        match: { prefix: '/post' },
        route: { cluster: 'origin', upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: { allow_post: true } }] },
      },
      { match: { prefix: '/' }, ...toOrigin() },
    ],
  },
  connectroute: {
    manager: { http2_protocol_options: { allow_connect: true } },
    routes: [connecting({ cluster: 'origin', upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }] })],
  },
  /** Behind the cluster `tunnelh2`: the second hop of what goes upstream by HTTP/2. */
  tunnelback: {
    manager: {
      http2_protocol_options: { allow_connect: true },
      upgrade_configs: [{ upgrade_type: 'websocket' }, { upgrade_type: 'CONNECT' }],
    },
    routes: [
      connecting({ cluster: 'origin', upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }] }),
      { match: { prefix: '/' }, ...toOrigin() },
    ],
  },
  connectfree: {
    manager: { upgrade_configs: [{ upgrade_type: 'CONNECT' }] },
    routes: [{ match: { safe_regex: { regex: '.*' } }, ...toOrigin() }],
  },
};

/** The cluster whose host is the proxy itself, by HTTP/2. */
export const tunnelCluster = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: { allow_connect: true } },
    },
  },
};
