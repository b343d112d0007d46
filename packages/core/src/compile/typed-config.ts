import type { TypedConfig } from '../snapshot/snapshot.ts';

/** A message as an inline `Any`: its full protobuf name under `@type`, its fields beside it. */
export function typedConfig<T extends object>(typeName: string, message: T): TypedConfig<T> {
  return { '@type': `type.googleapis.com/${typeName}`, ...message };
}
