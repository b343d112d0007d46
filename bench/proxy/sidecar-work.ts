/** The routes of a sidecar: 19 that the benchmark's request does not match, of every kind, in front of the one it does. */
export function sidecarRoutes(): object[] {
  const route = (name: string, match: object): object => ({ name, match, route: { cluster: 'origin', timeout: '15s' } });
  return [
    ...Array.from({ length: 12 }, (_, index) => route(`prefix-${index}`, { prefix: `/svc${index}/` })),
    ...Array.from({ length: 3 }, (_, index) => route(`exact-${index}`, { path: `/exact/${index}` })),
    ...Array.from({ length: 2 }, (_, index) => route(`regex-${index}`, { safe_regex: { regex: `/v${index}/items/[0-9]+` } })),
    ...Array.from({ length: 2 }, (_, index) =>
      route(`header-${index}`, { prefix: '/api/', headers: [{ name: 'x-tenant', string_match: { exact: `green-${index}` } }] }),
    ),
  ];
}

/** Two rules that deny, two that allow (the second applies), request ids, then the router. */
export function httpFilters(isSidecar: boolean, hasIstioStats: boolean): object[] {
  const router = { name: 'envoy.filters.http.router', typed_config: { '@type': filterType('router.v3.Router') } };
  if (!isSidecar) return [router];
  const any = [{ any: true }];
  const deny = Object.fromEntries(
    ['/internal/', '/debug/'].map((prefix) => [prefix, { permissions: [pathPrefix(prefix)], principals: any }]),
  );
  const allow = {
    probes: { permissions: [pathPrefix('/healthz')], principals: any },
    api: {
      permissions: [{ and_rules: { rules: [{ or_rules: { rules: ['GET', 'POST'].map(method) } }, pathPrefix('/')] } }],
      principals: any,
    },
  };
  return [rbac('DENY', deny), rbac('ALLOW', allow), ...(hasIstioStats ? [istioStats] : []), router];
}

const istioStats = {
  name: 'istio.stats',
  typed_config: { '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct', type_url: 'type.googleapis.com/stats.PluginConfig', value: {} },
};

function rbac(action: 'ALLOW' | 'DENY', policies: object): object {
  return {
    name: `envoy.filters.http.rbac.${action.toLowerCase()}`,
    typed_config: { '@type': filterType('rbac.v3.RBAC'), rules: { action, policies } },
  };
}

function pathPrefix(prefix: string): object {
  return { url_path: { path: { prefix } } };
}

function method(exact: string): object {
  return { header: { name: ':method', string_match: { exact } } };
}

function filterType(name: string): string {
  return `type.googleapis.com/envoy.extensions.filters.http.${name}`;
}

/** A JSON access log with the fields that people keep of Istio's. */
export function accessLog(path: string): object {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path,
      log_format: {
        json_format: {
          start_time: '%START_TIME%',
          method: '%REQ(:METHOD)%',
          path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
          protocol: '%PROTOCOL%',
          response_code: '%RESPONSE_CODE%',
          response_flags: '%RESPONSE_FLAGS%',
          bytes_received: '%BYTES_RECEIVED%',
          bytes_sent: '%BYTES_SENT%',
          duration: '%DURATION%',
          user_agent: '%REQ(USER-AGENT)%',
          request_id: '%REQ(X-REQUEST-ID)%',
          authority: '%REQ(:AUTHORITY)%',
          upstream_host: '%UPSTREAM_HOST%',
          upstream_cluster: '%UPSTREAM_CLUSTER%',
          route_name: '%ROUTE_NAME%',
        },
      },
    },
  };
}
