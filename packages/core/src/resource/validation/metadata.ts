import { childPath } from '../field-path.ts';
import { isClusterScoped, type KindKey } from '../kinds.ts';
import type { Resource } from '../resource.ts';
import { describe } from './check-schema.ts';
import type { Report } from './report.ts';

const subdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const dryRun = 'istio.io/dry-run';
const alwaysReject = 'internal.istio.io/webhook-always-reject';
const internalAnnotations = ['internal.istio.io/parents', 'internal.istio.io/parent-namespace'];

/** Checks a resource's name, namespace, labels and annotations as an API server does. */
export function checkMetadata(resource: Resource, key: KindKey, report: Report): void {
  const metadata = resource.raw.metadata;
  if (metadata !== undefined && metadata !== null && (typeof metadata !== 'object' || Array.isArray(metadata))) {
    report.schema('metadata', 'expected a mapping');
    return;
  }
  const fields = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  checkName(resource, fields, key, report);
  for (const field of ['labels', 'annotations'] as const) checkTexts(fields[field], `metadata.${field}`, report);
  if (resource.ref.group.endsWith('istio.io')) checkAnnotations(resource, key, report);
}

function checkName(resource: Resource, fields: Readonly<Record<string, unknown>>, key: KindKey, report: Report): void {
  const { name, generateName, namespace } = fields;
  if (name === undefined || name === null || name === '') {
    if (!generateName && key !== 'IstioOperator') report.schema('metadata.name', 'is required, but missing');
  } else if (typeof name !== 'string') {
    report.schema('metadata.name', `expected a string, found ${describe(name)}: put it in quotes`);
  } else if (name.length > 253 || !subdomain.test(name)) {
    report.schema('metadata.name', `expected lower-case letters, digits, "-" and ".", at most 253, found "${name}"`);
  }
  if (namespace === undefined || namespace === null || namespace === '') return;
  if (typeof namespace !== 'string') report.schema('metadata.namespace', `expected a string, found ${typeof namespace}`);
  else if (
    !isClusterScoped(resource.ref.group, resource.ref.kind) &&
    (namespace.length > 63 || !/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(namespace))
  ) {
    report.schema('metadata.namespace', `expected lower-case letters, digits and "-", at most 63, found "${namespace}"`);
  }
}

function checkTexts(values: unknown, path: string, report: Report): void {
  if (values === undefined || values === null) return;
  if (typeof values !== 'object' || Array.isArray(values)) report.schema(path, 'expected a mapping of strings');
  else {
    for (const [key, value] of Object.entries(values)) {
      if (typeof value !== 'string' && value !== null) {
        report.schema(childPath(path, key), `expected a string, found ${describe(value)}: put it in quotes`);
      }
    }
  }
}

function checkAnnotations(resource: Resource, key: KindKey, report: Report): void {
  if (key !== 'AuthorizationPolicy' && resource.annotations[dryRun] !== undefined) {
    report.error(childPath('metadata.annotations', dryRun), 'only an AuthorizationPolicy can run dry');
  }
  if (resource.annotations[alwaysReject] !== undefined) {
    report.error(childPath('metadata.annotations', alwaysReject), 'the annotation asks for the resource to be refused');
  }
  for (const name of internalAnnotations) {
    if (resource.annotations[name] !== undefined)
      report.error(childPath('metadata.annotations', name), 'is internal to Istio and cannot be set');
  }
}
