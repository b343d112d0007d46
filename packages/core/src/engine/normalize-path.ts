import type { HttpConnectionManagerPlan } from '../plan/http-connection-plan.ts';

/** How a connection manager brings paths to one form before anything looks at them. */
export type PathRules = Pick<HttpConnectionManagerPlan, 'normalizePath' | 'mergeSlashes' | 'escapedSlashes'>;

/** The normalised target, or why the request is answered with a redirect (307) or refused (400). */
export type NormalizedPath =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'redirect'; readonly path: string }
  | { readonly kind: 'reject' };

const mayChange = /[%\\#"<>^`{|}\s]|\/[./]|[^\x21-\x7e]/;
const escapedSlash = /%2f|%5c/i;

/**
 * Applies Envoy's path rules in its order: fragment cut off, escaped slashes, canonical form, merged slashes. The query stays as it is.
 * What comes out is what filters judge and what goes upstream.
 */
export function normalizePath(target: string, rules: PathRules): NormalizedPath {
  if (!mayChange.test(target)) return { kind: 'path', path: target };
  const hash = target.indexOf('#');
  const whole = hash < 0 ? target : target.slice(0, hash);
  const queryAt = whole.indexOf('?');
  const original = queryAt < 0 ? whole : whole.slice(0, queryAt);
  const query = queryAt < 0 ? '' : whole.slice(queryAt);
  let path = original;
  const isEscaped = rules.escapedSlashes !== 'KEEP_UNCHANGED' && escapedSlash.test(path);
  if (isEscaped && rules.escapedSlashes === 'REJECT_REQUEST') return { kind: 'reject' };
  if (isEscaped) path = path.replaceAll(/%2f/gi, '/').replaceAll(/%5c/gi, '\\');
  if (rules.normalizePath) {
    const canonical = canonicalPath(path);
    if (canonical === null) return { kind: 'reject' };
    path = canonical;
  }
  if (rules.mergeSlashes) path = mergedSlashes(path);
  return { kind: isEscaped && rules.escapedSlashes === 'UNESCAPE_AND_REDIRECT' ? 'redirect' : 'path', path: path + query };
}

/** As Envoy joins them: between segments one is left, so a path of nothing but slashes keeps its first and its last. */
function mergedSlashes(path: string): string {
  const merged = path.replaceAll(/\/{2,}/g, '/');
  return merged === '/' && path.length > 1 ? '//' : merged;
}

/** RFC 3986 section 6 as Envoy's URL library does it: unreserved escapes decoded, backslashes turned, dot segments removed, unsafe characters escaped. */
function canonicalPath(path: string): string | null {
  if (path.includes('%00')) return null;
  const decoded = path
    .replaceAll('\\', '/')
    .replaceAll(/%([0-9a-fA-F]{2})/g, (encoded, hex: string) => {
      const char = String.fromCharCode(Number.parseInt(hex, 16));
      return /[A-Za-z0-9\-._~]/.test(char) ? char : encoded;
    })
    .replaceAll(/["<>^`{|}\s]|[^\x21-\x7e]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  const segments: string[] = [];
  const parts = decoded.split('/').slice(1);
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    if (part === '..') segments.pop();
    if (part !== '..' && part !== '.') segments.push(part);
    else if (isLast) segments.push('');
  }
  return `/${segments.join('/')}`;
}
