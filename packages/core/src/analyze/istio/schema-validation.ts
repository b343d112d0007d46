import type { KindKey, VirtualService } from '../../resource/kinds.ts';
import type { FieldProblem } from '../../resource/problem.ts';
import { validateResource } from '../../resource/validate.ts';
import { tcpDenialWarning } from '../../resource/validation/authorization-policy.ts';
import { internalsWarning } from '../../resource/validation/extension.ts';
import { addressesWarning } from '../../resource/validation/service-entry.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { fact } from '../proof.ts';
import { findUnreachable } from './unreachable-rules.ts';

const istioKinds = [
  'AuthorizationPolicy',
  'DestinationRule',
  'EnvoyFilter',
  'Gateway',
  'PeerAuthentication',
  'ProxyConfig',
  'RequestAuthentication',
  'ServiceEntry',
  'Sidecar',
  'Telemetry',
  'TrafficExtension',
  'VirtualService',
  'WasmPlugin',
  'WorkloadEntry',
  'WorkloadGroup',
] as const satisfies readonly KindKey[];

const gatewayApiKinds = [
  'BackendTLSPolicy',
  'GatewayClass',
  'GRPCRoute',
  'HTTPRoute',
  'KubernetesGateway',
  'ListenerSet',
  'ReferenceGrant',
  'TCPRoute',
  'TLSRoute',
] as const satisfies readonly KindKey[];

/**
 * Warnings that by themselves say nothing is wrong: whether a TCP port is concerned only the whole mesh can tell (see the analyzer of TCP denials), missing
 * addresses are told of as such, and an EnvoyFilter that works is no finding.
 */
const toldElsewhere: ReadonlySet<string> = new Set([tcpDenialWarning, addressesWarning, internalsWarning]);

/** For each kind an analyzer that tells what validation finds wrong with a resource by itself. */
export const schemaValidationAnalyzers: readonly ResourceAnalyzer[] = [...istioKinds, ...gatewayApiKinds].map(validationAnalyzer);

function validationAnalyzer(kind: KindKey): ResourceAnalyzer {
  return {
    name: `schema.ValidationAnalyzer.${kind}`,
    scope: 'resource',
    inputs: [kind],
    isDefault: true,
    check(resource, context, report) {
      // Istio's analyzer sees objects that an API server has let in: what the schema itself refuses does not come before it. It does not tell places.
      const counts = (problem: FieldProblem): boolean => !context.exact || problem.source !== 'schema';
      const identity = (path: string, message: string) => (context.exact ? { identity: `${path.replace(/\[\d+\]/g, '')} ${message}` } : {});
      const { errors, warnings } = validateResource(resource, { rootNamespace: context.rootNamespace });
      for (const { path, message } of errors.filter(counts)) {
        report({
          type: 'SchemaValidationError',
          resource,
          path,
          ...identity(path, message),
          message: `Invalid: ${message}`,
          proof: [fact(resource, path, message)],
        });
      }
      for (const { path, message } of warnings.filter(counts)) {
        if (!context.exact && toldElsewhere.has(message)) continue;
        report({ type: 'SchemaWarning', resource, path, ...identity(path, message), message, proof: [fact(resource, path, message)] });
      }
      if (kind === 'VirtualService') findUnreachable(resource as VirtualService, context, report);
    },
  };
}
