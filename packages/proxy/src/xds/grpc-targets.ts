import { X509Certificate } from 'node:crypto';
import type * as grpc from '@grpc/grpc-js';
import { buildCluster } from '@weft/core/plan/build-cluster';
import type { ClusterPlan } from '@weft/core/plan/cluster-plan';
import type { UpstreamTlsPlan } from '@weft/core/plan/tls-plan';
import type { GrpcServiceJson } from '@weft/envoy-api/envoy/config/core/v3/grpc_service_pb';
import type { TlsContexts } from '../identity/tls-contexts.ts';
import { checkNames } from '../identity/verify-peer.ts';
import { loadGrpc } from '../io/load-library.ts';
import type { Bootstrap } from './bootstrap.ts';

/** A gRPC server that the bootstrap describes. */
export interface GrpcTarget {
  /** gRPC targets of its endpoints, to be tried in turn. */
  readonly addresses: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly options: grpc.ChannelOptions;
  /** Made anew for each connection, so that rotated certificates are used; null while a certificate is still to come. */
  credentials(): grpc.ChannelCredentials | null;
}

/** Resolves a gRPC service to its static cluster with endpoints and transport socket. Throws when the bootstrap lacks what is needed. */
export function grpcTarget(service: GrpcServiceJson, bootstrap: Bootstrap, tlsContexts: TlsContexts): GrpcTarget {
  const metadata = Object.fromEntries((service.initialMetadata ?? []).map(({ key = '', value = '' }) => [key, value]));
  const google = service.googleGrpc;
  if (google?.targetUri) return { addresses: [google.targetUri], metadata, options: {}, credentials: () => googleCredentials(google) };
  const name = service.envoyGrpc?.clusterName ?? '';
  const json = bootstrap.staticResources?.clusters?.find((candidate) => candidate.name === name);
  if (json === undefined) throw new Error(`gRPC service: cluster '${name}' is not in static_resources`);
  const plan = buildCluster(json);
  const addresses = addressesOf(plan);
  if (addresses.length === 0) throw new Error(`gRPC service: cluster '${name}' has no endpoint`);
  const { transport } = plan;
  if (transport.kind !== 'raw' && transport.kind !== 'tls') throw new Error(`gRPC service: cluster '${name}': want TLS or plain text`);
  const authority = service.envoyGrpc?.authority;
  const sni = transport.kind === 'tls' ? transport.tls.sni : '';
  const options = {
    ...(authority ? { 'grpc.default_authority': authority } : {}),
    ...(sni === '' ? {} : { 'grpc.ssl_target_name_override': sni }),
  };
  const credentials = (): grpc.ChannelCredentials | null =>
    transport.kind === 'raw' ? loadGrpc().credentials.createInsecure() : tlsCredentials(transport.tls, tlsContexts);
  return { addresses, metadata, options, credentials };
}

function addressesOf(plan: ClusterPlan): string[] {
  const endpoints = plan.loadAssignment?.localities.flatMap((locality) => locality.endpoints) ?? [];
  return endpoints.flatMap(({ address }) => {
    if (address.kind === 'pipe') return [`unix:${address.path}`];
    if (address.kind !== 'tcp') return [];
    return [address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`];
  });
}

function tlsCredentials(plan: UpstreamTlsPlan, tlsContexts: TlsContexts): grpc.ChannelCredentials | null {
  const context = tlsContexts.client(plan);
  if (context === null) return null;
  const { validation } = context;
  return loadGrpc().credentials.createFromSecureContext(context.secureContext, {
    rejectUnauthorized: validation?.hasRoots === true && !validation.context.acceptUntrusted,
    // Envoy compares names only where the configuration asks for it, and then with its own matchers.
    checkServerIdentity: (_host, peer) => {
      const problem = validation === null ? null : checkNames(new X509Certificate(peer.raw), validation.context);
      return problem === null ? undefined : new Error(problem);
    },
  });
}

function googleCredentials(google: NonNullable<GrpcServiceJson['googleGrpc']>): grpc.ChannelCredentials {
  const ssl = google.channelCredentials?.sslCredentials;
  if (ssl === undefined) return loadGrpc().credentials.createInsecure();
  const bytes = (source: { readonly inlineString?: string } | undefined): Buffer | null =>
    source?.inlineString === undefined ? null : Buffer.from(source.inlineString);
  return loadGrpc().credentials.createSsl(bytes(ssl.rootCerts), bytes(ssl.privateKey), bytes(ssl.certChain));
}
