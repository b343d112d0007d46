import { kindKey } from '@weft/core/resource/kinds';
import type { ResourceRef } from '@weft/core/resource/resource';
import type { ResourceId } from '../api/types.ts';

/** `VirtualService/default/reviews`; the Gateway API's Gateway is `KubernetesGateway/…`. Versions of a kind are one resource. */
export function resourceId(ref: ResourceRef): ResourceId {
  return `${kindKey(ref.group, ref.kind) ?? `${ref.kind}.${ref.group}`}/${ref.namespace}/${ref.name}`;
}
