import type { Gateway } from '../../resource/kinds.ts';
import type { Secret } from '../../resource/kubernetes-types.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, strings, text } from '../fields.ts';
import { absence, fact, nameOf, qualified } from '../proof.ts';
import { certificateProblem } from './certificate-secret.ts';
import { canTellWorkloads, gatewayWithoutWorkload, gatewayWorkloads } from './gateway-selector.ts';

/** Gateways whose certificate is not where the gateway workload runs, or cannot be used. */
export const gatewaySecretsAnalyzer: SetAnalyzer = {
  name: 'gateway.SecretAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    for (const gateway of context.set.ofKind('Gateway')) {
      const [workload] = gatewayWorkloads(gateway, context);
      if (!workload || (context.exact && workload.namespace === '')) {
        if (canTellWorkloads(context)) context.report(gatewayWithoutWorkload(gateway));
        continue;
      }
      for (const [index, server] of objects(object(gateway.spec).servers)) {
        const tls = object(server.tls);
        if (!context.exact && (tls.mode === 'PASSTHROUGH' || tls.mode === 'AUTO_PASSTHROUGH')) continue;
        const base = `spec.servers[${index}].tls`;
        if (text(tls.credentialName) !== '')
          checkCredential(gateway, `${base}.credentialName`, text(tls.credentialName), workload.namespace, context);
        if (context.exact) continue;
        for (const [at, name] of strings(tls.credentialNames).entries())
          checkCredential(gateway, `${base}.credentialNames[${at}]`, name, workload.namespace, context);
      }
    }
  },
};

function checkCredential(gateway: Gateway, path: string, name: string, workloadNamespace: string, context: AnalyzerContext): void {
  const [first = '', second] = name.split('/', 2);
  const namespace = second === undefined ? workloadNamespace : first;
  if (!context.exact && /^[a-z-]+:\/\//.test(name)) return;
  const secret: Secret | null = context.set.get('Secret', namespace, second ?? first);
  if (secret === null) {
    context.report({
      type: 'ReferencedResourceNotFound',
      resource: gateway,
      path,
      message: `There is no Secret ${name} in namespace ${namespace}, where the gateway runs; TLS connections to this server fail. Create the Secret there.`,
      proof: [fact(gateway, path, `is ${name}`), absence(`no Secret ${qualified(namespace, second ?? first)}`)],
    });
    return;
  }
  const problem = certificateProblem(secret, context.now);
  if (problem === null) return;
  context.report({
    type: 'InvalidGatewayCredential',
    resource: gateway,
    path,
    message: `Secret ${nameOf(secret)} cannot be served: ${problem}. Renew or correct it.`,
    proof: [fact(gateway, path, `is ${name}`), fact(secret, 'data', problem)],
  });
}
