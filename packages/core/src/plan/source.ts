import type { SourcePlan } from './route-plan.ts';

/** Reads which resource a part of a snapshot came from: `istio.config` (an API path) and `weft.path` of its filter metadata. */
export function sourceOf(metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>): SourcePlan {
  const config = metadata.istio?.config;
  const path = metadata.weft?.path;
  return { resource: typeof config === 'string' ? resourceName(config) : null, path: typeof path === 'string' ? path : null };
}

/** `/apis/networking.istio.io/v1/namespaces/ns/virtual-service/name` → `VirtualService ns/name`. */
function resourceName(apiPath: string): string | null {
  const found = /\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(apiPath);
  if (!found) return null;
  const [, namespace = '', kind = '', name = ''] = found;
  const camel = kind
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
  return `${camel} ${namespace}/${name}`;
}
