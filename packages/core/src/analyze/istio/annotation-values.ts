import { parseCidr } from '../../base/addresses.ts';
import { defaultMeshConfig } from '../../resource/default-mesh-config.ts';
import { parseProxyConfig } from '../../resource/parse-mesh-config.ts';
import { checkProxySettings } from '../../resource/validation/proxy-settings.ts';
import { createReport } from '../../resource/validation/report.ts';

type Check = (value: string) => string | null;

const checks: Readonly<Record<string, Check>> = {
  'sidecar.istio.io/interceptionMode': (value) =>
    ['REDIRECT', 'TPROXY', 'NONE'].includes(value) ? null : 'must be REDIRECT, TPROXY or NONE',
  'status.sidecar.istio.io/port': port,
  'readiness.status.sidecar.istio.io/initialDelaySeconds': unsigned,
  'readiness.status.sidecar.istio.io/periodSeconds': unsigned,
  'readiness.status.sidecar.istio.io/failureThreshold': unsigned,
  'traffic.sidecar.istio.io/includeOutboundIPRanges': (value) => (value === '*' ? null : networks(value)),
  'traffic.sidecar.istio.io/excludeOutboundIPRanges': networks,
  'traffic.sidecar.istio.io/includeInboundPorts': (value) => (value === '*' ? null : ports(value)),
  'traffic.sidecar.istio.io/excludeInboundPorts': ports,
  'traffic.sidecar.istio.io/excludeOutboundPorts': ports,
  'prometheus.istio.io/merge-metrics': (value) =>
    /^(1|0|t|f|T|F|true|false|TRUE|FALSE|True|False)$/.test(value) ? null : 'must be true or false',
  'proxy.istio.io/config': proxyConfig,
};

/** What is wrong with the value of an annotation that sidecar injection reads, or null. */
export function annotationProblem(name: string, value: string): string | null {
  return checks[name]?.(value) ?? null;
}

function unsigned(value: string): string | null {
  return /^\d+$/.test(value) && Number(value) <= 0xffff_ffff ? null : 'must be a whole number, not negative';
}

function port(value: string): string | null {
  return /^\s*\d+\s*$/.test(value) && Number(value) <= 65_535 ? null : `${JSON.stringify(value)} is no port number`;
}

function ports(value: string): string | null {
  if (value.trim() === '') return null;
  for (const item of value.split(',')) if (port(item) !== null) return `${JSON.stringify(item)} is no port number`;
  return null;
}

function networks(value: string): string | null {
  if (value === '') return null;
  for (const item of value.split(',')) {
    if (!item.includes('/') || parseCidr(item) === null) return `${JSON.stringify(item)} is no network in CIDR form, as 10.0.0.0/8`;
  }
  return null;
}

/** The annotation changes some of the settings that a proxy has by default; unknown ones are ignored. */
function proxyConfig(value: string): string | null {
  const written = parseProxyConfig(value);
  if (!written.ok) return written.error.message;
  const { report, validity } = createReport();
  checkProxySettings({ ...defaultMeshConfig.defaultConfig, ...written.value }, 'config', report);
  const [first] = validity().errors;
  return first ? `${first.path.slice('config.'.length)}: ${first.message}` : null;
}
