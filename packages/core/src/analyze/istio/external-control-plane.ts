import { isIp } from '../../base/addresses.ts';
import type { ResourceAnalyzer } from '../analyzer.ts';
import { object, text } from '../fields.ts';
import { fact } from '../proof.ts';
import { webhooksOf } from './webhook-spec.ts';

/** Istio's webhooks without an address of the control plane, or with one that cannot be right. */
export const externalControlPlaneAnalyzer: ResourceAnalyzer = {
  name: 'externalcontrolplane.ExternalControlPlaneAnalyzer',
  scope: 'resource',
  inputs: ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'],
  isDefault: true,
  check(resource, _context, report) {
    const { kind, name } = resource.ref;
    const prefixes =
      kind === 'ValidatingWebhookConfiguration' ? ['istiod-default-validator', 'istio-validator'] : ['istio-sidecar-injector'];
    if (!prefixes.some((prefix) => (prefix === 'istiod-default-validator' ? name === prefix : name.startsWith(prefix)))) return;
    for (const [index, webhook] of webhooksOf(resource)) {
      const config = object(webhook.clientConfig);
      const path = `webhooks[${index}].clientConfig.url`;
      const hook = text(webhook.name);
      const proof = [fact(resource, path, typeof config.url === 'string' ? `is ${config.url}` : 'is not set')];
      if (typeof config.url !== 'string') {
        if (!config.service)
          report({
            type: 'InvalidExternalControlPlaneConfig',
            resource,
            path,
            proof,
            identity: hook,
            message: `Webhook ${hook} names neither a URL nor a service of the control plane, so it is never called. Set clientConfig.url.`,
          });
        continue;
      }
      const host = hostOf(config.url);
      if (host === null)
        report({
          type: 'InvalidExternalControlPlaneConfig',
          resource,
          path,
          proof,
          message: `The URL ${config.url} of webhook ${hook} cannot be read. Write https://host:port/path.`,
        });
      else if (isIp(host))
        report({
          type: 'ExternalControlPlaneAddressIsNotAHostname',
          resource,
          path,
          proof,
          message: `Webhook ${hook} reaches the control plane by the address ${host}. Use a host name, which survives a change of address.`,
        });
      else if (host === '' || host.endsWith('.invalid'))
        report({
          type: 'InvalidExternalControlPlaneConfig',
          resource,
          path,
          proof,
          message: `The host of ${config.url} (webhook ${hook}) cannot be resolved. Correct it.`,
        });
    }
  },
};

/** The host of an absolute URL without brackets, `''` when it has none, null when the text is no URL. */
function hostOf(url: string): string | null {
  if (/[\s<>]/.test(url) || /%(?![0-9a-fA-F]{2})/.test(url)) return null;
  const match = /^[a-zA-Z][\w+.-]*:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d*))?(?:[/?#]|$)/.exec(url);
  if (!match) return url.includes('://') ? null : '';
  return (match[1] ?? '').replace(/^\[|\]$/g, '');
}
