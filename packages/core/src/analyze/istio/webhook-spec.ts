import type { LabelSelector } from '../../resource/kubernetes-types.ts';
import type { Resource } from '../../resource/resource.ts';
import { type Indexed, objects } from '../fields.ts';

export interface Webhook {
  readonly name?: string;
  readonly clientConfig?: {
    readonly url?: string | null;
    readonly service?: { readonly name?: string; readonly namespace?: string } | null;
  };
  readonly namespaceSelector?: LabelSelector | null;
  readonly objectSelector?: LabelSelector | null;
}

/** The webhooks of a configuration, with their places. */
export function webhooksOf(configuration: Resource): readonly Indexed<Webhook>[] {
  return objects(configuration.raw.webhooks as readonly Webhook[] | undefined);
}
