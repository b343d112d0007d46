import { create } from '@bufbuild/protobuf';
import { type Any, anyPack, durationFromMs, StructSchema, timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { GrpcLogPlan } from '@weft/core/plan/access-log-plan';
import type { ConnectionFacts, PeerCertificate } from '@weft/core/plan/facts';
import { type Address, AddressSchema } from '@weft/envoy-api/envoy/config/core/v3/address_pb';
import { MetadataSchema, RequestMethod } from '@weft/envoy-api/envoy/config/core/v3/base_pb';
import {
  AccessLogType,
  type HTTPAccessLogEntry,
  HTTPAccessLogEntry_HTTPVersion,
  HTTPAccessLogEntrySchema,
  type ResponseFlags,
  ResponseFlagsSchema,
  type TCPAccessLogEntry,
  TCPAccessLogEntrySchema,
  TLSProperties_TLSVersion,
} from '@weft/envoy-api/envoy/data/accesslog/v3/accesslog_pb';
import { headerText } from './header-text.ts';
import type { LogEntry } from './log-entry.ts';
import { type Workload, workloadOfHost } from './peer-metadata.ts';
import { flagFields } from './response-flags.ts';
import { routeName } from './route-name.ts';

const versions: Readonly<Record<string, HTTPAccessLogEntry_HTTPVersion>> = {
  'HTTP/1.0': HTTPAccessLogEntry_HTTPVersion.HTTP10,
  'HTTP/1.1': HTTPAccessLogEntry_HTTPVersion.HTTP11,
  'HTTP/2': HTTPAccessLogEntry_HTTPVersion.HTTP2,
};

/** A request as Envoy's access log service is told of it. */
export function httpLogEntry(plan: GrpcLogPlan, entry: LogEntry): HTTPAccessLogEntry {
  const original = entry.header('x-envoy-original-path');
  return create(HTTPAccessLogEntrySchema, {
    protocolVersion: versions[entry.protocol] ?? HTTPAccessLogEntry_HTTPVersion.PROTOCOL_UNSPECIFIED,
    commonProperties: commonProperties(plan, entry),
    request: {
      requestMethod: RequestMethod[entry.method as keyof typeof RequestMethod] ?? RequestMethod.METHOD_UNSPECIFIED,
      scheme: entry.scheme,
      authority: entry.authority,
      path: entry.path,
      originalPath: original ?? '',
      userAgent: headerText(entry.header('user-agent')) ?? '',
      referer: headerText(entry.header('referer')) ?? '',
      forwardedFor: entry.header('x-forwarded-for') ?? '',
      requestId: entry.header('x-request-id') ?? '',
      requestBodyBytes: BigInt(entry.requestBytes),
      requestHeaders: selected(plan.requestHeaders, (name) => entry.header(name)),
    },
    response: {
      ...(entry.responseStatus > 0 && { responseCode: entry.responseStatus }),
      responseBodyBytes: BigInt(entry.responseBytes),
      responseCodeDetails: entry.details,
      responseHeaders: selected(plan.responseHeaders, (name) => entry.responseHeaders?.get(name)),
      responseTrailers: selected(plan.responseTrailers, (name) => entry.responseTrailers?.get(name)),
    },
  });
}

/** A TCP connection as Envoy's access log service is told of it. */
export function tcpLogEntry(plan: GrpcLogPlan, entry: LogEntry): TCPAccessLogEntry {
  return create(TCPAccessLogEntrySchema, {
    commonProperties: commonProperties(plan, entry),
    connectionProperties: { receivedBytes: BigInt(entry.requestBytes), sentBytes: BigInt(entry.responseBytes) },
  });
}

function commonProperties(plan: GrpcLogPlan, entry: LogEntry) {
  const { connection } = entry;
  return {
    downstreamRemoteAddress: address(entry.remote.text, connection.sourcePort),
    downstreamDirectRemoteAddress: address(connection.directSource.text, connection.sourcePort),
    downstreamLocalAddress: address(connection.destination.text, connection.destinationPort),
    startTime: timestampFromMs(entry.startedAt),
    timeToLastRxByte: elapsed(entry, entry.requestEndedAt),
    timeToFirstUpstreamRxByte: elapsed(entry, entry.responseStartedAt),
    timeToFirstDownstreamTxByte: elapsed(entry, entry.responseStartedAt),
    timeToLastDownstreamTxByte: elapsed(entry, entry.endedAt),
    duration: elapsed(entry, entry.endedAt),
    upstreamRemoteAddress: hostAddress(entry),
    upstreamLocalAddress: localAddressOf(entry),
    // As Envoy: it is the cluster of a host, and without one it is not told.
    upstreamCluster: entry.host === null ? '' : (entry.cluster?.plan.name ?? ''),
    upstreamTransportFailureReason: entry.transportFailure,
    connectionTerminationDetails: entry.terminationDetails,
    routeName: routeName(entry) ?? '',
    upstreamRequestAttemptCount: entry.attemptCount,
    ...(entry.flags !== '' && { responseFlags: responseFlags(entry.flags) }),
    streamId: entry.requestId,
    downstreamWireBytesReceived: BigInt(entry.wireBytesReceived),
    downstreamWireBytesSent: BigInt(entry.wireBytesSent),
    accessLogType: entry.protocol === '' ? AccessLogType.TcpConnectionEnd : AccessLogType.DownstreamEnd,
    ...tlsProperties(connection),
    ...dynamicMetadata(entry),
    filterStateObjects: peers(plan, entry),
  };
}

function address(ip: string, port: number): Address {
  return create(AddressSchema, {
    address: { case: 'socketAddress', value: { address: ip, portSpecifier: { case: 'portValue', value: port } } },
  });
}

function hostAddress({ host }: LogEntry): Address | undefined {
  const found = host?.endpoint.address;
  return found?.kind === 'tcp' ? address(found.host, found.port) : undefined;
}

function localAddressOf({ upstreamLocalAddress }: LogEntry): Address | undefined {
  const found = /^\[?(.*?)\]?:(\d+)$/.exec(upstreamLocalAddress);
  return found === null ? undefined : address(found[1] ?? '', Number(found[2]));
}

function elapsed(entry: LogEntry, at: number) {
  if (at === 0) return undefined;
  return durationFromMs(Math.round(Math.max(0, at - entry.startedMonotonic)));
}

function selected(names: readonly string[], read: (name: string) => string | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = headerText(read(name));
    if (value !== undefined) found[name] = value;
  }
  return found;
}

const tlsVersions: Readonly<Record<string, TLSProperties_TLSVersion>> = {
  TLSv1: TLSProperties_TLSVersion.TLSv1,
  'TLSv1.1': TLSProperties_TLSVersion.TLSv1_1,
  'TLSv1.2': TLSProperties_TLSVersion.TLSv1_2,
  'TLSv1.3': TLSProperties_TLSVersion.TLSv1_3,
};

function tlsProperties(connection: ConnectionFacts) {
  if (!connection.isTls) return {};
  return {
    tlsProperties: {
      tlsVersion: tlsVersions[connection.tlsVersion] ?? TLSProperties_TLSVersion.VERSION_UNSPECIFIED,
      tlsSniHostname: connection.serverName,
      peerCertificateProperties: certificateProperties(connection.peerCertificate),
      localCertificateProperties: certificateProperties(connection.localCertificate),
    },
  };
}

function certificateProperties(certificate: PeerCertificate | null) {
  if (certificate === null) return undefined;
  const uris = certificate.uriSans.map((value) => ({ san: { case: 'uri' as const, value } }));
  const dns = certificate.dnsSans.map((value) => ({ san: { case: 'dns' as const, value } }));
  return { subjectAltName: [...uris, ...dns], subject: certificate.subject, issuer: certificate.issuer };
}

function dynamicMetadata({ decision }: LogEntry) {
  if (decision === null || decision.kind === 'pending') return {};
  const entries = Object.entries(decision.outcome.metadata);
  if (entries.length === 0) return {};
  const filterMetadata: Record<string, Record<string, never>> = {};
  for (const [namespace, values] of entries) filterMetadata[namespace] = values as Record<string, never>;
  return { metadata: create(MetadataSchema, { filterMetadata }) };
}

function peers(plan: GrpcLogPlan, entry: LogEntry): Record<string, Any> {
  const objects: Record<string, Any> = {};
  for (const name of plan.filterStateObjects) {
    const workload = peerNamed(name, entry);
    if (workload !== null) objects[name] = anyPack(StructSchema, workload.struct);
  }
  return objects;
}

/** What the peer told, or what the control plane says of the endpoint. */
function peerNamed(name: string, entry: LogEntry): Workload | null {
  if (name === 'downstream_peer') return entry.downstreamPeer as Workload | null;
  if (name === 'upstream_peer') return (entry.upstreamPeer as Workload | null) ?? workloadOfHost(entry.host);
  return null;
}

function responseFlags(flags: string): ResponseFlags {
  return create(ResponseFlagsSchema, flagFields(flags));
}
