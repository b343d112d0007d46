import { parse } from '@bufbuild/cel';
import { childPath } from '../field-path.ts';
import type { Telemetry, TelemetrySpec } from '../kinds.ts';
import type { Report } from './report.ts';
import { checkScope } from './scope.ts';
import { checkDuration } from './values.ts';

type Metrics = NonNullable<TelemetrySpec['metrics']>[number];
type Tracing = NonNullable<TelemetrySpec['tracing']>[number];

/** What the definition and Istio's webhook ask of a Telemetry. */
export function checkTelemetry(resource: Telemetry, report: Report): void {
  const { spec } = resource;
  checkScope(spec, report);
  for (const [index, metrics] of (spec.metrics ?? []).entries()) checkMetrics(metrics, `spec.metrics[${index}]`, report);
  if ((spec.tracing?.length ?? 0) > 1) report.warn('spec.tracing', 'several tracing entries are not supported; the first one applies');
  for (const [index, tracing] of (spec.tracing ?? []).entries()) checkTracing(tracing, `spec.tracing[${index}]`, report);
  for (const [index, logging] of (spec.accessLogging ?? []).entries()) {
    checkProviders(logging.providers, `spec.accessLogging[${index}].providers`, report);
    if (logging.filter) {
      const expression = checkCel(logging.filter.expression ?? '');
      if (expression !== null) report.error(`spec.accessLogging[${index}].filter.expression`, expression);
    }
  }
}

function checkMetrics(metrics: Metrics, path: string, report: Report): void {
  checkProviders(metrics.providers, `${path}.providers`, report);
  const interval = checkDuration(metrics.reportingInterval);
  if (interval !== null) report.rule(`${path}.reportingInterval`, interval);
  for (const [index, override] of (metrics.overrides ?? []).entries()) {
    const at = `${path}.overrides[${index}]`;
    if (override.match?.customMetric === '') report.error(`${at}.match.customMetric`, 'must not be empty');
    for (const [name, tag] of Object.entries(override.tagOverrides ?? {})) {
      const tagPath = childPath(`${at}.tagOverrides`, name);
      if (name === '') report.warn(`${at}.tagOverrides`, 'the name of a tag must not be empty');
      if (tag == null) report.error(tagPath, 'must not be null');
      else if (tag.operation === 'REMOVE' && tag.value) report.rule(`${tagPath}.value`, 'must not be set for operation REMOVE');
      else if (tag.operation !== 'REMOVE' && !tag.value) report.rule(`${tagPath}.value`, 'is required for operation UPSERT');
    }
  }
}

function checkTracing(tracing: Tracing, path: string, report: Report): void {
  checkProviders(tracing.providers, `${path}.providers`, report);
  if ((tracing.providers?.length ?? 0) > 1) report.warn(`${path}.providers`, 'several providers are not supported; the first one applies');
  for (const [name, tag] of Object.entries(tracing.customTags ?? {})) {
    const at = childPath(`${path}.customTags`, name);
    if (name === '') report.error(`${path}.customTags`, 'the name of a tag must not be empty');
    if (tag == null) report.error(at, 'must not be null');
    else if (tag.literal && !tag.literal.value) report.error(`${at}.literal.value`, 'must not be empty');
    else if (tag.header && !tag.header.name) report.error(`${at}.header.name`, 'must not be empty');
    else if (tag.environment && !tag.environment.name) report.error(`${at}.environment.name`, 'must not be empty');
  }
}

function checkProviders(providers: Metrics['providers'], path: string, report: Report): void {
  for (const [index, provider] of (providers ?? []).entries())
    if (!provider.name) report.error(`${path}[${index}].name`, 'must not be empty');
}

function checkCel(expression: string): string | null {
  try {
    parse(expression);
    return null;
  } catch (error) {
    return `expected a CEL expression: ${error instanceof Error ? error.message : String(error)}`;
  }
}
