import type { ResourceDetectorPlan } from '@weft/core/plan/tracing-plan';

/** What spans say of where they come from: this proxy, then what detectors find, the later ones winning. */
export function resourceAttributes(
  detectors: readonly ResourceDetectorPlan[],
  { serviceName, version }: { readonly serviceName: string; readonly version: string },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ReadonlyMap<string, string> {
  const attributes = new Map([
    ['telemetry.sdk.language', 'nodejs'],
    ['telemetry.sdk.name', 'weft'],
    ['telemetry.sdk.version', version],
    ['service.name', serviceName],
  ]);
  for (const detector of detectors) {
    const found = detector.kind === 'static' ? detector.attributes : environmentAttributes(environment.OTEL_RESOURCE_ATTRIBUTES ?? '');
    for (const [name, value] of found) attributes.set(name, value);
  }
  return attributes;
}

/** `name=value,name=value`; what has not this form is left out. */
function environmentAttributes(text: string): readonly (readonly [string, string])[] {
  return text.split(',').flatMap((pair) => {
    const equals = pair.indexOf('=');
    return equals > 0 ? [[pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()] as const] : [];
  });
}
