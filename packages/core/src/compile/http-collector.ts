import type { HeaderValueOptionJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { HttpServiceJson } from '@weft/envoy-api/envoy/config/core/v3/http_service_pb';
import type { HttpCollector, ProviderHeader } from '../resource/tracing-providers.ts';
import type { ExternalService } from './external-service.ts';
import { protoDuration } from './proto-duration.ts';

/** A collector that is called over HTTP. */
export function httpService(
  at: ExternalService & { readonly defaultTimeout: string },
  { path, timeout, headers }: HttpCollector,
): HttpServiceJson {
  const rooted = path?.startsWith('/') ? path : `/${path ?? ''}`;
  const requestHeadersToAdd = (headers ?? []).map(
    (written): HeaderValueOptionJson => ({
      header: headerValue(written),
      appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
    }),
  );
  return {
    httpUri: { uri: `http://${at.hostname}${rooted}`, cluster: at.cluster, timeout: protoDuration(timeout, at.defaultTimeout) },
    ...(requestHeadersToAdd.length > 0 && { requestHeadersToAdd }),
  };
}

/** Values from the environment are the control plane's, which has put them in when it read the mesh configuration. */
export function headerValue({ name = '', value = '' }: ProviderHeader): { key: string; value: string } {
  return { key: name, value };
}
