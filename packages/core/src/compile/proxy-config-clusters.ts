import type { ClusterJson } from '@weft/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { HttpProtocolOptionsJson } from '@weft/envoy-api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import type { ProxyView } from '../mesh/proxy-view.ts';
import type { RemoteService } from '../resource/proxy-config.ts';
import { remoteServiceTls } from './cluster-tls.ts';
import { tcpKeepalive } from './connection-pool.ts';
import { dnsCluster } from './dns-cluster.ts';
import { type ExternalService, externalService } from './external-service.ts';
import { proxyConfig, tracingConfig } from './proxy-config.ts';
import { socketAddress } from './socket-address.ts';
import { datadogTracer, type Tracer, zipkinTracer } from './tracing-provider.ts';
import { typedConfig } from './typed-config.ts';

/** Clusters that Istio's agent puts into the bootstrap of its proxies, by the same names: there Envoy keeps its own, and elsewhere these are in their place. */
export const accessLogServiceCluster = 'envoy_accesslog_service';
const zipkinCluster = 'zipkin';
const datadogCluster = 'datadog_agent';

const optionsName = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** The clusters that the proxy configuration asks for beside those of services. */
export function proxyConfigClusters(view: ProxyView): readonly ClusterJson[] {
  const clusters = [accessLogCluster(view), meshZipkin(view) === null ? tracerCluster(view) : null];
  return clusters.filter((cluster) => cluster !== null);
}

/** The cluster of the access log service; null when there is none. */
export function accessLogCluster(view: ProxyView): ClusterJson | null {
  const { envoyAccessLogService } = proxyConfig(view);
  return envoyAccessLogService ? remoteCluster(view, accessLogServiceCluster, { ...envoyAccessLogService, isHttp2: true }) : null;
}

function tracerCluster(view: ProxyView): ClusterJson | null {
  const { zipkin, datadog, tlsSettings } = tracingConfig(view);
  const tls = tlsSettings ? { tlsSettings } : {};
  if (zipkin?.address) return remoteCluster(view, zipkinCluster, { ...zipkin, ...tls });
  return datadog ? remoteCluster(view, datadogCluster, { ...datadog, ...tls }) : null;
}

/** The tracer of the proxy configuration, for where no provider is named. */
export function proxyTracer(view: ProxyView): Tracer | null {
  const own = meshZipkin(view);
  if (own) return zipkinTracer(view, {}, own);
  const cluster = tracerCluster(view)?.name;
  if (cluster === datadogCluster) return datadogTracer(view, { collectorCluster: cluster });
  const hostname = addressParts(tracingConfig(view).zipkin?.address)?.host;
  return cluster && hostname ? zipkinTracer(view, {}, { cluster, hostname }) : null;
}

/** A Zipkin that is a service of the mesh is reached as one, unless its TLS is written down; `name.namespace` stands for a service. */
function meshZipkin(view: ProxyView): ExternalService | null {
  const { zipkin, tlsSettings } = tracingConfig(view);
  const at = addressParts(zipkin?.address);
  if (at === null || tlsSettings) return null;
  const name = /^[^.]+\.[^.]+$/.test(at.host) ? `${at.host}.svc.${view.settings.domain}` : at.host;
  return externalService(view, name, at.port);
}

function remoteCluster(view: ProxyView, name: string, service: RemoteService & { readonly isHttp2?: boolean }): ClusterJson | null {
  const at = addressParts(service.address);
  if (at === null) return null;
  const { isHttp2 = false, tlsSettings } = service;
  const tls = tlsSettings ? remoteServiceTls(view, tlsSettings, isHttp2) : {};
  if (tls === null) return null;
  const options: HttpProtocolOptionsJson = { explicitHttpConfig: { http2ProtocolOptions: {} } };
  const keepalive = tcpKeepalive(service.tcpKeepalive);
  return {
    name,
    ...dnsCluster(view, { dnsRefreshRate: '30s' }),
    connectTimeout: '1s',
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address: socketAddress(at.host, at.port) } }] }] },
    ...(keepalive ? { upstreamConnectionOptions: { tcpKeepalive: keepalive } } : {}),
    ...tls,
    ...(isHttp2 ? { typedExtensionProtocolOptions: { [optionsName]: typedConfig(optionsName, options) } } : {}),
  };
}

function addressParts(address = ''): { readonly host: string; readonly port: number } | null {
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(address) ?? [];
  return host === '' ? null : { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
