import type { ConfigMap } from '../../resource/kubernetes-types.ts';
import { object } from '../fields.ts';

interface InjectorValues {
  readonly global?: { readonly hub?: unknown; readonly tag?: unknown; readonly proxy?: { readonly image?: unknown } };
  readonly sidecarInjectorWebhook?: { readonly enableNamespacesByDefault?: unknown };
}

/** Name of the ConfigMap that injection for a revision is configured with. */
export function injectorConfigName(revision: string): string {
  return revision === '' || revision === 'default' ? 'istio-sidecar-injector' : `istio-sidecar-injector-${revision}`;
}

/** The installation's values in an injection ConfigMap; empty when they cannot be read. */
export function injectorValues(config: ConfigMap): InjectorValues {
  try {
    return object(JSON.parse(object(config.raw.data).values ?? '') as InjectorValues);
  } catch {
    return {};
  }
}
