import { isIp } from '../../base/addresses.ts';
import type { BackendTLSPolicy, BackendTLSPolicySpec, KubernetesGateway, KubernetesGatewaySpec, ListenerSet } from '../kinds.ts';
import type { Report } from './report.ts';

// The rules that the definitions of the Gateway API's Gateway, ListenerSet and BackendTLSPolicy state in CEL.

type Listener = Omit<NonNullable<KubernetesGatewaySpec['listeners']>[number], 'port'> & { readonly port?: number };

const withoutTls: ReadonlySet<string> = new Set(['HTTP', 'TCP', 'UDP']);
const withoutHostname: ReadonlySet<string> = new Set(['TCP', 'UDP']);
const hostnameValue = /^(?:\*\.)?[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** What the definition asks of a Gateway API Gateway. */
export function checkKubernetesGateway(resource: KubernetesGateway, report: Report): void {
  const { spec } = resource;
  checkListeners(spec.listeners, report);
  const addresses = new Set<string>();
  for (const [index, { type = 'IPAddress', value }] of (spec.addresses ?? []).entries()) {
    const path = `spec.addresses[${index}].value`;
    if (!value) continue;
    if (addresses.has(`${type}/${value}`)) report.rule(path, `the address ${value} is listed twice`);
    addresses.add(`${type}/${value}`);
    if (type === 'IPAddress' && !isIp(value)) report.schema(path, `expected an IP address, found "${value}"`);
    if (type === 'Hostname' && !hostnameValue.test(value)) report.rule(path, `"${value}" is no valid host name`);
  }
}

/** What the definition asks of a ListenerSet. */
export function checkListenerSet(resource: ListenerSet, report: Report): void {
  checkListeners(resource.spec.listeners, report);
}

/** What the definition asks of a BackendTLSPolicy. */
export function checkBackendTlsPolicy(resource: BackendTLSPolicy, report: Report): void {
  const { targetRefs, validation } = resource.spec;
  checkPolicyTargets(targetRefs, report);
  if (!validation) return;
  const hasRefs = (validation.caCertificateRefs?.length ?? 0) > 0;
  if (hasRefs && validation.wellKnownCACertificates) {
    report.rule('spec.validation', 'caCertificateRefs and wellKnownCACertificates exclude each other');
  } else if (!hasRefs && !validation.wellKnownCACertificates) {
    report.rule('spec.validation', 'expected caCertificateRefs or wellKnownCACertificates');
  }
  for (const [index, name] of (validation.subjectAltNames ?? []).entries()) {
    const path = `spec.validation.subjectAltNames[${index}]`;
    for (const [type, field] of [
      ['Hostname', 'hostname'],
      ['URI', 'uri'],
    ] as const) {
      if (name.type === type && !name[field]) report.rule(`${path}.${field}`, `is required for type ${type}`);
      else if (name.type !== type && name[field]) report.rule(`${path}.${field}`, `must not be set for type ${name.type}`);
    }
  }
}

function checkListeners(listeners: readonly Listener[] | undefined, report: Report): void {
  const names = new Set<string>();
  const places = new Set<string>();
  for (const [index, listener] of (listeners ?? []).entries()) {
    const path = `spec.listeners[${index}]`;
    const { name = '', port, protocol = '', hostname = '' } = listener;
    if (names.has(name)) report.rule(`${path}.name`, `the listener name "${name}" is used twice`);
    names.add(name);
    const place = `${port ?? ''}/${protocol}/${hostname}`;
    if (port && places.has(place)) report.rule(path, `another listener has the same port, protocol and hostname (${place})`);
    places.add(place);
    if (hostname && withoutHostname.has(protocol)) report.rule(`${path}.hostname`, `must not be set for protocol ${protocol}`);
    checkListenerTls(listener, path, report);
  }
}

function checkListenerTls(listener: Listener, path: string, report: Report): void {
  const { tls, protocol = '' } = listener;
  if (!tls) return;
  if (withoutTls.has(protocol)) report.rule(`${path}.tls`, `must not be set for protocol ${protocol}`);
  const mode = tls.mode ?? 'Terminate';
  if (protocol === 'HTTPS' && mode !== 'Terminate') report.rule(`${path}.tls.mode`, `expected Terminate for protocol HTTPS, found ${mode}`);
  if (mode === 'Terminate' && !tls.certificateRefs?.length && Object.keys(tls.options ?? {}).length === 0) {
    report.rule(`${path}.tls.certificateRefs`, 'expected a certificate or options for mode Terminate');
  }
}

function checkPolicyTargets(refs: BackendTLSPolicySpec['targetRefs'], report: Report): void {
  const seen = new Map<string, string[]>();
  for (const [index, ref] of (refs ?? []).entries()) {
    const key = [ref.group, ref.kind, ref.name].join('/');
    const section = ref.sectionName ?? '';
    const others = seen.get(key) ?? [];
    if (others.includes(section) || (others.length > 0 && (section === '' || others.includes('')))) {
      report.rule(`spec.targetRefs[${index}]`, 'several references to one target must name different sections');
    }
    seen.set(key, [...others, section]);
  }
}
