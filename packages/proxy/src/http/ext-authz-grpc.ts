import { create, fromBinary, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { HeaderChange, Resume } from '@weft/core/engine/decision';
import type { RequestFacts } from '@weft/core/plan/facts';
import type { HeaderValueOption } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import { CheckRequestSchema, type CheckResponse, CheckResponseSchema } from '@weft/envoy-api/envoy/service/auth/v3/external_auth_pb';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import { destinationPeer, sourcePeer } from './authz-peer.ts';
import { type AuthzQuestion, granted, matchesAny, refused } from './ext-authz-question.ts';
import { callGrpc } from './grpc-call.ts';

const path = '/envoy.service.auth.v3.Authorization/Check';

/** Asks a gRPC authorization service (`envoy.service.auth.v3`); null when it did not answer. */
export async function checkByGrpc(clusters: ClusterManager, question: AuthzQuestion): Promise<Resume['result'] | null> {
  const { plan, exchange } = question;
  if (plan.service.kind !== 'grpc') return null;
  const message = toBinary(CheckRequestSchema, create(CheckRequestSchema, { attributes: attributesOf(question) }));
  const answer = await callGrpc(clusters, { service: plan.service.grpc, path, message, connection: exchange.connection });
  return answer === null ? null : resultOf(fromBinary(CheckResponseSchema, answer), question);
}

function resultOf(response: CheckResponse, { plan, request }: AuthzQuestion): Resume['result'] {
  const { httpResponse } = response;
  const metadata = response.dynamicMetadata ?? {};
  if ((response.status?.code ?? 0) === 0) {
    if (httpResponse.case !== 'okResponse') return granted({ headerChanges: [], responseHeaders: [], metadata }, plan);
    const { headers, headersToRemove, responseHeadersToAdd } = httpResponse.value;
    const removals = headersToRemove.map((name): HeaderChange => ({ op: 'remove', name: name.toLowerCase() }));
    const headerChanges = [
      ...headers.flatMap((option) => requestChange(option, request)),
      ...removals.filter(({ name }) => name !== 'host' && !name.startsWith(':')),
    ];
    return granted({ headerChanges, responseHeaders: responseHeadersToAdd.flatMap(responseChange), metadata }, plan);
  }
  if (httpResponse.case !== 'deniedResponse') return refused(403, '', []);
  const { status, body, headers } = httpResponse.value;
  const pairs = headers.flatMap((option) =>
    option.header === undefined ? [] : [[option.header.key.toLowerCase(), headerText(option)] as const],
  );
  return refused(status?.code || 403, body, pairs);
}

/** Request headers are set, or with the deprecated `append` joined to the value that is there. */
function requestChange(option: HeaderValueOption, request: RequestFacts): HeaderChange[] {
  if (option.header === undefined) return [];
  const name = option.header.key.toLowerCase();
  const value = headerText(option);
  if (option.append !== true) return [{ op: 'set', name, value }];
  const before = request.header(name);
  return before === undefined ? [] : [{ op: 'set', name, value: `${before},${value}` }];
}

function responseChange(option: HeaderValueOption): HeaderChange[] {
  if (option.header === undefined) return [];
  const isSet = option.append === false;
  return [{ op: isSet ? 'set' : 'append', name: option.header.key.toLowerCase(), value: headerText(option) }];
}

function headerText({ header }: HeaderValueOption): string {
  if (header === undefined) return '';
  return header.value === '' ? Buffer.from(header.rawValue).toString('latin1') : header.value;
}

function attributesOf({ plan, request, metadata, contextExtensions, body, exchange }: AuthzQuestion) {
  const { connection } = request;
  const partial: Record<string, string> = body === null ? {} : { 'x-envoy-auth-partial-body': String(!body.isWhole) };
  const chosen = plan.metadataNamespaces.flatMap((name) => (metadata[name] === undefined ? [] : [[name, metadata[name] as JsonObject]]));
  return {
    source: sourcePeer(connection, plan.includePeerCertificate),
    destination: destinationPeer(connection),
    request: {
      time: timestampFromMs(exchange.startedAt),
      http: {
        id: exchange.requestId,
        method: request.method,
        headers: { ...sentHeaders(request.headers(), plan), ...partial },
        path: request.path,
        host: request.authority,
        scheme: request.scheme,
        protocol: request.protocol,
        size: BigInt(request.contentLength),
        ...(body === null ? {} : plan.withRequestBody?.packAsBytes ? { rawBody: body.bytes } : { body: body.bytes.toString() }),
      },
    },
    contextExtensions,
    metadataContext: { filterMetadata: Object.fromEntries(chosen) },
    ...(plan.includeTlsSession && connection.isTls ? { tlsSession: { sni: connection.serverName } } : {}),
  };
}

/** All headers, or those that are allowed, less those that are not. */
function sentHeaders(
  headers: Readonly<Record<string, string>>,
  { allowedHeaders, disallowedHeaders }: AuthzQuestion['plan'],
): Record<string, string> {
  const isSent = (name: string): boolean =>
    (allowedHeaders.length === 0 || matchesAny(allowedHeaders, name)) && !matchesAny(disallowedHeaders, name);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isSent(name)));
}
