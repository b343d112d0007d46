import { parseDurationMs } from '../../base/durations.ts';
import { defaultMeshConfig } from '../default-mesh-config.ts';
import type { KindMap } from '../kinds.ts';
import type { MeshConfig, MeshNetworks } from '../mesh-config.ts';
import { meshConfigSchema } from '../mesh-config-schema.ts';
import { mergeMeshConfig, parseMeshNetworks, readMeshConfigText } from '../parse-mesh-config.ts';
import type { SchemaNode } from '../schema-node.ts';
import { checkSchema } from './check-schema.ts';
import { checkExtensionProviders } from './extension-providers.ts';
import { checkFqdn, checkIpAddress, checkPort, checkSubnet, checkTrustDomain, checkWildcardHost, isDnsLabel } from './names.ts';
import { checkProxySettings } from './proxy-settings.ts';
import type { Report } from './report.ts';
import { checkLocalityLb } from './traffic-policy.ts';
import { checkDuration } from './values.ts';

const maxConnectTimeoutMs = 3_600_000;
const knownCurves: ReadonlySet<string> = new Set(['P-224', 'P-256', 'P-384', 'P-521', 'X25519', 'X25519Kyber768Draft00', 'X25519MLKEM768']);
const operatorSchema: SchemaNode = {
  type: 'object',
  properties: {
    profile: { type: 'string' },
    installPackagePath: { type: 'string' },
    hub: { type: 'string' },
    tag: {},
    namespace: { type: 'string' },
    revision: { type: 'string' },
    defaultRevision: { type: 'boolean' },
    compatibilityVersion: { type: 'string' },
    meshConfig: { type: 'object' },
    components: {
      type: 'object',
      properties: {
        base: { type: 'object' },
        pilot: { type: 'object' },
        cni: { type: 'object' },
        ztunnel: { type: 'object' },
        istiodRemote: { type: 'object' },
        ingressGateways: { type: 'array' },
        egressGateways: { type: 'array' },
      },
    },
    addonComponents: { type: 'object' },
    values: { type: 'object' },
    unvalidatedValues: { type: 'object' },
  },
};

/** Checks an IstioOperator: its own fields, and the mesh configuration in it. */
export function checkIstioOperator(resource: KindMap['IstioOperator'], report: Report): void {
  if (!checkSchema(operatorSchema, resource.raw.spec ?? {}, 'spec', new Map(), report)) return;
  if (resource.spec.meshConfig) checkWrittenMeshConfig(resource.spec.meshConfig, 'spec.meshConfig', report);
}

/** Checks the ConfigMap that holds a mesh's configuration; other ConfigMaps are left alone. */
export function checkMeshConfigMap(resource: KindMap['ConfigMap'], report: Report): void {
  const { name, namespace } = resource.ref;
  if (namespace !== 'istio-system' || !(name === 'istio' || name.startsWith('istio-'))) return;
  const { mesh, meshNetworks } = resource.raw.data ?? {};
  if (typeof mesh === 'string') checkMeshConfigText(mesh, 'data.mesh', report);
  if (typeof meshNetworks === 'string') {
    const networks = parseMeshNetworks(meshNetworks);
    if (networks.ok) checkMeshNetworks(networks.value, 'data.meshNetworks', report);
    else report.error('data.meshNetworks', networks.error.message);
  }
}

/** Checks a mesh configuration written as YAML. */
export function checkMeshConfigText(text: string, path: string, report: Report): void {
  const written = readMeshConfigText(text);
  if (written.ok) checkWrittenMeshConfig(written.value, path, report);
  else report.error(path, written.error.message);
}

function checkWrittenMeshConfig(written: Readonly<Record<string, unknown>>, path: string, report: Report): void {
  const lenient: Report = {
    ...report,
    // A field that this version does not know is ignored by Istio as well.
    schema: (at, message) => (message.startsWith('unknown field') ? report.warn(at, message) : report.schema(at, message)),
  };
  if (!checkSchema(meshConfigSchema, written, path, new Map(), lenient)) return;
  const merged = mergeMeshConfig(defaultMeshConfig, written);
  if (merged.ok) checkMeshConfig(merged.value, path, report);
}

/** What Istio asks of a mesh configuration. */
export function checkMeshConfig(config: MeshConfig, path: string, report: Report): void {
  add(report, `${path}.proxyListenPort`, checkPort(config.proxyListenPort));
  add(report, `${path}.proxyInboundListenPort`, checkPort(config.proxyInboundListenPort));
  add(report, `${path}.connectTimeout`, checkDuration(config.connectTimeout));
  if ((parseDurationMs(config.connectTimeout) ?? 0) > maxConnectTimeoutMs) report.error(`${path}.connectTimeout`, 'expected at most 1h');
  const detectionMs = parseDurationMs(config.protocolDetectionTimeout);
  if (detectionMs !== 0) add(report, `${path}.protocolDetectionTimeout`, checkDuration(config.protocolDetectionTimeout));
  checkProxySettings(config.defaultConfig, `${path}.defaultConfig`, report);
  checkLocalityLb(config.localityLbSetting, true, `${path}.localityLbSetting`, report);
  for (const [index, { hosts }] of config.serviceSettings.entries()) {
    for (const [at, host] of (hosts ?? []).entries())
      add(report, `${path}.serviceSettings[${index}].hosts[${at}]`, checkWildcardHost(host));
  }
  add(report, `${path}.trustDomain`, checkTrustDomain(config.trustDomain));
  for (const [index, alias] of config.trustDomainAliases.entries())
    add(report, `${path}.trustDomainAliases[${index}]`, checkTrustDomain(alias));
  if (config.meshMTLS.ecdhCurves) report.error(`${path}.meshMTLS.ecdhCurves`, 'is not supported, use tlsDefaults.ecdhCurves');
  checkCurves(config.tlsDefaults.ecdhCurves ?? [], `${path}.tlsDefaults.ecdhCurves`, report);
  checkExtensionProviders(config.extensionProviders, `${path}.extensionProviders`, report);
}

function checkCurves(curves: readonly string[], path: string, report: Report): void {
  for (const [index, curve] of curves.entries()) {
    if (curve !== '' && !knownCurves.has(curve)) report.warn(`${path}[${index}]`, `the curve "${curve}" is unknown`);
    else if (curves.indexOf(curve) < index) report.warn(`${path}[${index}]`, `the curve "${curve}" is listed twice`);
  }
}

function checkMeshNetworks(networks: MeshNetworks, path: string, report: Report): void {
  for (const [name, network] of Object.entries(networks.networks)) {
    for (const [index, endpoint] of (network.endpoints ?? []).entries()) {
      const at = `${path}.networks.${name}.endpoints[${index}]`;
      if (endpoint.fromCidr !== undefined) add(report, `${at}.fromCidr`, checkSubnet(endpoint.fromCidr));
      if (endpoint.fromRegistry !== undefined && !isDnsLabel(endpoint.fromRegistry)) {
        report.error(`${at}.fromRegistry`, `expected the name of a cluster, found "${endpoint.fromRegistry}"`);
      }
    }
    for (const [index, gateway] of (network.gateways ?? []).entries()) {
      const at = `${path}.networks.${name}.gateways[${index}]`;
      if (gateway.registryServiceName) add(report, `${at}.registryServiceName`, checkFqdn(gateway.registryServiceName));
      if (gateway.address && checkIpAddress(gateway.address) !== null) add(report, `${at}.address`, checkFqdn(gateway.address));
      add(report, `${at}.port`, checkPort(gateway.port));
    }
  }
}

function add(report: Report, path: string, problem: string | null): void {
  if (problem !== null) report.error(path, problem);
}
