import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import * as grpc from '@grpc/grpc-js';
import type { HeaderChange, Resume } from '@weft/core/engine/decision';
import type { ExtAuthzPlan } from '@weft/core/plan/http-filter-plan';
import type { StringMatcher } from '@weft/core/plan/matcher';
import type { HeaderValueOption } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import { CheckRequestSchema, type CheckResponse, CheckResponseSchema } from '@weft/envoy-api/envoy/service/auth/v3/external_auth_pb';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { ExchangeView } from './exchange-view.ts';
import { callCluster } from './internal-request.ts';

type Result = Resume['result'];

const checkPath = '/envoy.service.auth.v3.Authorization/Check';

/** Asks an authorization service about a request. */
export class ExtAuthz {
  #clusters: ClusterManager;
  #grpcTarget: (cluster: string) => string | null;
  #clients: Map<string, grpc.Client> = new Map();

  constructor(clusters: ClusterManager, grpcTarget: (cluster: string) => string | null) {
    this.#clusters = clusters;
    this.#grpcTarget = grpcTarget;
  }

  async check(plan: ExtAuthzPlan, contextExtensions: Readonly<Record<string, string>>, exchange: ExchangeView): Promise<Result> {
    const result =
      plan.service.kind === 'http' ? await this.#checkHttp(plan, exchange) : await this.#checkGrpc(plan, contextExtensions, exchange);
    if (result !== null) return result;
    if (!plan.failureModeAllow) return denied(plan.statusOnError, '', [], 'ext_authz_error');
    return passed(plan.failureModeAllowHeaderAdd ? [{ op: 'set', name: 'x-envoy-auth-failure-mode-allowed', value: 'true' }] : []);
  }

  async #checkHttp(plan: ExtAuthzPlan, exchange: ExchangeView): Promise<Result | null> {
    const { service } = plan;
    if (service.kind !== 'http') return null;
    const cluster = this.#clusters.get(service.cluster);
    if (cluster === undefined) return null;
    const { head } = exchange;
    const headers: (readonly [string, string])[] = [];
    head.headers.each((name, value) => {
      if (name !== 'content-length' && name !== 'transfer-encoding') headers.push([name, value]);
    });
    const answer = await callCluster(cluster, {
      method: head.method,
      path: service.pathPrefix + head.path,
      authority: head.authority,
      headers: [...headers, ['content-length', '0'], ...service.headersToAdd],
      body: null,
      timeoutMs: service.timeoutMs,
      connection: exchange.connection,
    });
    if (answer === null || answer.status >= 500) return null;
    if (answer.status === 200) {
      const changes: HeaderChange[] = [];
      answer.headers.each((name, value) => {
        if (matchesAny(service.upstreamHeaders, name)) changes.push({ op: 'set', name, value });
        else if (matchesAny(service.upstreamHeadersToAppend, name)) changes.push({ op: 'append', name, value });
      });
      return passed(changes);
    }
    const kept: (readonly [string, string])[] = [];
    answer.headers.each((name, value) => {
      if (service.clientHeaders.length === 0 ? isForwardable(name) : matchesAny(service.clientHeaders, name)) kept.push([name, value]);
    });
    return denied(answer.status, answer.body.toString(), kept, 'ext_authz_denied');
  }

  async #checkGrpc(
    plan: ExtAuthzPlan,
    contextExtensions: Readonly<Record<string, string>>,
    exchange: ExchangeView,
  ): Promise<Result | null> {
    const { service } = plan;
    if (service.kind !== 'grpc') return null;
    const client = this.#client(service.grpc.cluster);
    if (client === null) return null;
    const metadata = new grpc.Metadata();
    for (const [name, value] of service.grpc.initialMetadata) metadata.set(name, value);
    const bytes = Buffer.from(toBinary(CheckRequestSchema, checkRequest(contextExtensions, exchange)));
    const timeoutMs = service.grpc.timeoutMs > 0 ? service.grpc.timeoutMs : defaultTimeoutMs;
    const response = await new Promise<CheckResponse | null>((resolve) => {
      client.makeUnaryRequest<Buffer, CheckResponse>(
        checkPath,
        (value) => value,
        (value) => fromBinary(CheckResponseSchema, value),
        bytes,
        metadata,
        { deadline: new Date(Date.now() + timeoutMs) },
        (error, value) => resolve(error === null ? (value ?? null) : null),
      );
    });
    return response === null ? null : resultOf(response);
  }

  #client(cluster: string): grpc.Client | null {
    const target = this.#grpcTarget(cluster);
    if (target === null) return null;
    let client = this.#clients.get(target);
    if (client === undefined) {
      client = new grpc.Client(target, grpc.credentials.createInsecure());
      this.#clients.set(target, client);
    }
    return client;
  }
}

const defaultTimeoutMs = 200;

function passed(headerChanges: readonly HeaderChange[], responseHeaders: readonly HeaderChange[] = []): Result {
  return { kind: 'pass', headerChanges, responseHeaders, metadata: {}, clearRoute: headerChanges.length > 0, requestPrincipal: '' };
}

function denied(status: number, body: string, headers: readonly (readonly [string, string])[], details: string): Result {
  return { kind: 'deny', status, body, headers, flag: 'UAEX', details, grpcStatus: null };
}

function matchesAny(matchers: readonly StringMatcher[], name: string): boolean {
  return matchers.some((matcher) => matcher.matches(name));
}

function isForwardable(name: string): boolean {
  return name !== 'content-length' && name !== 'date' && name !== 'server' && name !== 'connection' && name !== 'transfer-encoding';
}

function resultOf(response: CheckResponse): Result {
  const { httpResponse } = response;
  if ((response.status?.code ?? 0) === 0) {
    if (httpResponse.case !== 'okResponse') return passed([]);
    const { headers, headersToRemove, responseHeadersToAdd } = httpResponse.value;
    const removals = headersToRemove.map((name): HeaderChange => ({ op: 'remove', name: name.toLowerCase() }));
    return passed([...removals, ...headers.flatMap(changeOf)], responseHeadersToAdd.flatMap(changeOf));
  }
  if (httpResponse.case !== 'deniedResponse') return denied(403, '', [], 'ext_authz_denied');
  const { status, body, headers } = httpResponse.value;
  const pairs = headers.flatMap(({ header }) => (header === undefined ? [] : [[header.key.toLowerCase(), header.value] as const]));
  return denied(status?.code || 403, body, pairs, 'ext_authz_denied');
}

function changeOf({ header, append }: HeaderValueOption): HeaderChange[] {
  if (header === undefined) return [];
  const name = header.key.toLowerCase();
  return [{ op: append === true ? 'append' : 'set', name, value: header.value }];
}

function checkRequest(contextExtensions: Readonly<Record<string, string>>, exchange: ExchangeView) {
  const { connection, head } = exchange;
  const address = (ip: string, portValue: number) => ({
    address: {
      address: { case: 'socketAddress' as const, value: { address: ip, portSpecifier: { case: 'portValue' as const, value: portValue } } },
    },
  });
  const headers: Record<string, string> = { ...exchange.headers() };
  return create(CheckRequestSchema, {
    attributes: {
      source: { ...address(connection.source.text, connection.sourcePort), principal: connection.peerCertificate?.uriSans[0] ?? '' },
      destination: {
        ...address(connection.destination.text, connection.destinationPort),
        principal: connection.localCertificate?.uriSans[0] ?? '',
      },
      request: {
        time: timestampFromMs(exchange.startedAt),
        http: {
          id: exchange.requestId,
          method: head.method,
          headers,
          path: head.path,
          host: head.authority,
          scheme: head.scheme,
          protocol: exchange.protocol,
          size: BigInt(exchange.contentLength),
        },
      },
      contextExtensions,
    },
  });
}
