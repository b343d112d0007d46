type Json = Readonly<Record<string, unknown>>;

/** By the end of a message's name: fields that would refuse, limit or tell a service more than this data plane does. */
const fieldsByMessage: Readonly<Record<string, readonly string[]>> = {
  'http.ext_authz.v3.ExtAuthz': [
    'decoderHeaderMutationRules',
    'encodeRawHeaders',
    'bootstrapMetadataLabelsKey',
    'typedMetadataContextNamespaces',
    'routeMetadataContextNamespaces',
    'routeTypedMetadataContextNamespaces',
  ],
  'ratelimit.v3.RateLimitPerRoute': ['rateLimits', 'overrideOption'],
  'local_ratelimit.v3.LocalRateLimit': ['localClusterRateLimit', 'vhRateLimits'],
  'proxy_protocol.v3.ProxyProtocol': ['rules'],
  'http_connection_manager.v3.HttpConnectionManager': ['pathNormalizationOptions', 'typedHeaderValidationConfig'],
};

/** Values that mean what is done anyway. */
const harmless: ReadonlySet<unknown> = new Set([undefined, false, '', 0, 'OVERRIDE', 'DEFAULT']);

/** Services whose word counts: one that cannot be reached by any cluster would leave everything to the failure mode. */
const askers = ['ext_authz.v3.ExtAuthz', 'http.ratelimit.v3.RateLimit'];

/** What a message of this name sets that is not supported, as paths below it. */
export function findFieldProblems(message: string, json: Json): readonly string[] {
  const own = Object.entries(fieldsByMessage).find(([end]) => message.endsWith(`.${end}`))?.[1] ?? [];
  const found = own.filter((field) => !harmless.has(json[field]) && !isEmpty(json[field]));
  if (message.endsWith('.ext_authz.v3.ExtAuthzPerRoute') && isJson(json.checkSettings) && json.checkSettings.withRequestBody)
    found.push('checkSettings.withRequestBody');
  if (askers.some((end) => message.endsWith(`.${end}`))) found.push(...googleGrpc(json));
  if (message.endsWith('.HttpConnectionManager')) {
    for (const [field, known] of Object.entries(knownExtensions)) found.push(...unknownExtensions(json, field, known));
  }
  return found;
}

/** Actions of rate limits without which the limit would not be asked for. */
export function findLimitProblems(limits: unknown): readonly string[] {
  return list(limits).flatMap((limit, at) =>
    list(isJson(limit) ? limit.actions : undefined).flatMap((action, index) =>
      ['extension', 'dynamicMetadata'].flatMap((kind) =>
        isJson(action) && action[kind] !== undefined ? [`rateLimits[${at}].actions[${index}].${kind}`] : [],
      ),
    ),
  );
}

function googleGrpc(json: Json): readonly string[] {
  const { rateLimitService } = json;
  const services = {
    grpcService: json.grpcService,
    'rateLimitService.grpcService': isJson(rateLimitService) ? rateLimitService.grpcService : null,
  };
  return Object.entries(services).flatMap(([path, service]) => (isJson(service) && service.googleGrpc ? [`${path}.googleGrpc`] : []));
}

/** Extensions of the connection manager that are there, by field. Another way to find the client's address would have policies judge another one. */
const knownExtensions: Readonly<Record<string, readonly string[]>> = {
  originalIpDetectionExtensions: ['original_ip_detection.xff.v3.XffConfig', 'original_ip_detection.custom_header.v3.CustomHeaderConfig'],
  earlyHeaderMutationExtensions: ['early_header_mutation.header_mutation.v3.HeaderMutation'],
};

function unknownExtensions(json: Json, field: string, known: readonly string[]): readonly string[] {
  return list(json[field]).flatMap((extension, index) => {
    const config = isJson(extension) ? extension.typedConfig : null;
    const type = isJson(config) ? String(config['@type']) : '';
    return known.some((end) => type.endsWith(`.${end}`)) ? [] : [`${field}[${index}]`];
  });
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
