import type { HeaderValueOptionJson } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import type { HttpRouteSpec } from '../mesh/virtual-service.ts';

export type HeadersSpec = NonNullable<HttpRouteSpec['headers']>;

/** Header changes in Envoy's form; `authority` is what the request's host is set to, `''` when it is not. */
export interface HeaderOperations {
  readonly requestHeadersToAdd: readonly HeaderValueOptionJson[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOptionJson[];
  readonly responseHeadersToRemove: readonly string[];
  readonly authority: string;
}

/** Translates header operations: what is set comes before what is added; pseudo headers cannot be changed, except the host. */
export function headerOperations(spec: HeadersSpec | undefined): HeaderOperations {
  const { request, response } = spec ?? {};
  return {
    requestHeadersToAdd: [
      ...valueOptions(request?.set, 'OVERWRITE_IF_EXISTS_OR_ADD'),
      ...valueOptions(request?.add, 'APPEND_IF_EXISTS_OR_ADD'),
    ],
    requestHeadersToRemove: (request?.remove ?? []).filter((name) => !isInternal(name)),
    responseHeadersToAdd: [
      ...valueOptions(response?.set, 'OVERWRITE_IF_EXISTS_OR_ADD'),
      ...valueOptions(response?.add, 'APPEND_IF_EXISTS_OR_ADD'),
    ],
    responseHeadersToRemove: (response?.remove ?? []).filter((name) => !isInternal(name)),
    authority: authorityOf(request?.set) || authorityOf(request?.add),
  };
}

/** The fields of a route or weighted cluster that carry header changes; empty ones left out. */
export function headerFields(...operations: readonly HeaderOperations[]) {
  const requestHeadersToAdd = operations.flatMap((operation) => operation.requestHeadersToAdd);
  const requestHeadersToRemove = operations.flatMap((operation) => operation.requestHeadersToRemove);
  const responseHeadersToAdd = operations.flatMap((operation) => operation.responseHeadersToAdd);
  const responseHeadersToRemove = operations.flatMap((operation) => operation.responseHeadersToRemove);
  return {
    ...(requestHeadersToAdd.length > 0 ? { requestHeadersToAdd } : {}),
    ...(requestHeadersToRemove.length > 0 ? { requestHeadersToRemove } : {}),
    ...(responseHeadersToAdd.length > 0 ? { responseHeadersToAdd } : {}),
    ...(responseHeadersToRemove.length > 0 ? { responseHeadersToRemove } : {}),
  };
}

type AppendAction = 'OVERWRITE_IF_EXISTS_OR_ADD' | 'APPEND_IF_EXISTS_OR_ADD';

function valueOptions(headers: Readonly<Record<string, string>> | undefined, action: AppendAction): HeaderValueOptionJson[] {
  return Object.entries(headers ?? {})
    .filter(([key]) => !isInternal(key))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => ({
      header: { key, ...(value === '' ? {} : { value }) },
      ...(action === 'APPEND_IF_EXISTS_OR_ADD' ? {} : { appendAction: action }),
    }));
}

function isInternal(name: string): boolean {
  return name.startsWith(':') || name.toLowerCase() === 'host';
}

function authorityOf(headers: Readonly<Record<string, string>> | undefined): string {
  for (const [key, value] of Object.entries(headers ?? {})) {
    const name = key.toLowerCase();
    if (name === ':authority' || name === 'host') return value;
  }
  return '';
}
