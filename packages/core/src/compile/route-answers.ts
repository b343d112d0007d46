import type {
  RedirectAction_RedirectResponseCodeJson,
  RedirectActionJson,
  RouteMatchJson,
} from '@weft/envoy-api/envoy/config/route/v3/route_components_pb';
import type { HttpRouteSpec } from '../mesh/virtual-service.ts';
import { prefixReplacement } from './prefix-replacement.ts';

/** `prefixRewrite` is younger than the generated types. */
type RedirectSpec = NonNullable<HttpRouteSpec['redirect']> & { readonly prefixRewrite?: string };
type DirectResponseSpec = NonNullable<HttpRouteSpec['directResponse']>;

const responseCodes: Readonly<Record<number, RedirectAction_RedirectResponseCodeJson>> = {
  301: 'MOVED_PERMANENTLY',
  302: 'FOUND',
  303: 'SEE_OTHER',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
};
const prefixMark = '%PREFIX()%';

/** A redirect, or null for a status that Envoy does not send. Port 80 with http and 443 with https are left out, judged by the scheme redirected to. */
export function redirectAction(
  spec: RedirectSpec,
  context: { readonly port: number; readonly isTls: boolean; readonly match: RouteMatchJson },
  semantics: 'istio' | 'gateway-api',
): { readonly redirect: RedirectActionJson } | null {
  const responseCode = responseCodes[spec.redirectCode || 301];
  if (!responseCode) return null;
  const uri = spec.uri ?? '';
  const isReplacement = semantics === 'gateway-api' && uri.startsWith(prefixMark);
  const port = redirectPort(spec, context);
  return {
    redirect: {
      ...(spec.scheme ? { schemeRedirect: spec.scheme } : {}),
      ...(spec.authority ? { hostRedirect: spec.authority } : {}),
      ...(port ? { portRedirect: port } : {}),
      ...(spec.prefixRewrite
        ? { prefixRewrite: spec.prefixRewrite }
        : isReplacement
          ? prefixReplacement(context.match, uri.slice(prefixMark.length))
          : uri !== '' && { pathRedirect: uri }),
      ...(responseCode === 'MOVED_PERMANENTLY' ? {} : { responseCode }),
    },
  };
}

/** An answer of the proxy itself. */
export function directResponseAction(spec: DirectResponseSpec): {
  readonly directResponse: {
    readonly status: number;
    readonly body?: { readonly inlineString: string } | { readonly inlineBytes: string };
  };
} {
  const { body } = spec;
  const text = body?.string;
  const bytes = body?.bytes;
  return {
    directResponse: {
      status: spec.status ?? 200,
      ...(text !== undefined ? { body: { inlineString: text } } : bytes !== undefined ? { body: { inlineBytes: bytes } } : {}),
    },
  };
}

/** Envoy cannot take the port from the request, but a route is made for one listener port, which is the request's. */
function redirectPort(spec: RedirectSpec, context: { readonly port: number; readonly isTls: boolean }): number {
  const port = spec.port ?? (spec.derivePort === 'FROM_REQUEST_PORT' ? context.port : 0);
  const scheme = spec.scheme || (context.isTls ? 'https' : 'http');
  const isDefault = (port === 80 && scheme === 'http') || (port === 443 && scheme === 'https');
  return isDefault ? 0 : port;
}
