import { messageTypes } from '@weft/core/analyze/message-types';
import { patchProblems } from '@weft/core/compile/envoy-filter-value';
import { locate } from '@weft/core/resource/locate';
import { type ParseProblem, parseYaml } from '@weft/core/resource/parse';
import type { FieldProblem } from '@weft/core/resource/problem';
import type { Resource } from '@weft/core/resource/resource';
import { validateResource } from '@weft/core/resource/validate';
import type { Finding } from '../api/types.ts';
import { resourceId } from './resource-id.ts';

/** One file, parsed and validated by itself. */
export interface ParsedFile {
  readonly text: string;
  /** Resources without errors. */
  readonly valid: readonly Resource[];
  /** Resources that Istio would refuse. */
  readonly invalid: readonly Resource[];
  /** Documents that are no resources, and fields that are wrong. */
  readonly findings: readonly Finding[];
}

/** Parses a file and validates each resource in it. */
export function parseFile(file: string, text: string, rootNamespace: string): ParsedFile {
  const { resources, problems } = parseYaml(text, file);
  const valid: Resource[] = [];
  const invalid: Resource[] = [];
  const findings: Finding[] = problems.map(parseFinding);
  for (const resource of resources) {
    const { errors } = validateResource(resource, { rootNamespace, patchProblems });
    (errors.length > 0 ? invalid : valid).push(resource);
    findings.push(...errors.map((error) => fieldFinding(resource, error)));
  }
  return { text, valid, invalid, findings };
}

/** What a finding is about, wherever it stands: to tell new findings from old ones. */
export function findingKey({ code, origin, path, message }: Finding): string {
  return `${code}|${origin}|${path}|${message}`;
}

function parseFinding({ file, line, column, message, severity }: ParseProblem): Finding {
  const place = { file, line, column };
  return {
    code: messageTypes.UnreadableDocument.code,
    level: severity === 'error' ? 'Error' : 'Warning',
    source: 'parse',
    origin: file,
    resourceId: null,
    message,
    path: '',
    ...place,
    documentationUrl: null,
  };
}

function fieldFinding(resource: Resource, { path, message }: FieldProblem): Finding {
  const { ref, source } = resource;
  return {
    code: 'IST0106',
    level: 'Error',
    source: 'validate',
    origin: ref.namespace === '' ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`,
    resourceId: resourceId(ref),
    message: `Schema validation error: ${path}: ${message}`,
    path,
    ...locate(source, path),
    documentationUrl: 'https://istio.io/latest/docs/reference/config/analysis/ist0106/',
  };
}
