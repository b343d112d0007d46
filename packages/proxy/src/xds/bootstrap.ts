import { readFileSync } from 'node:fs';
import { fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import { err, ok, type Result } from '@weft/core/base/result';
import type { Snapshot } from '@weft/core/snapshot/snapshot';
import type { BootstrapJson } from '@weft/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import { BootstrapSchema } from '@weft/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import { registry } from '@weft/envoy-api/registry';
import { parseJsonOrYaml } from './parse-json-or-yaml.ts';

/** A bootstrap in canonical protojson form. */
export type Bootstrap = BootstrapJson;

/** Reads an Envoy bootstrap file, JSON or YAML, with either field spelling. The error names what is wrong and where. */
export function readBootstrapFile(path: string): Result<Bootstrap, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return err(`cannot read the bootstrap file ${path}: ${messageOf(error)}`);
  }
  return readBootstrapText(text, path);
}

/** Reads a bootstrap as JSON or YAML text; `where` names it in errors. */
export function readBootstrapText(text: string, where: string): Result<Bootstrap, string> {
  let json: unknown;
  try {
    json = parseJsonOrYaml(text);
  } catch (error) {
    return err(`${where} is neither JSON nor YAML: ${messageOf(error)}`);
  }
  const parsed = parseBootstrap(json);
  return parsed.ok ? parsed : err(`${where}: ${parsed.error}`);
}

/** Merges as protobuf does: single fields of the second win, messages are merged, lists are appended. */
export function mergeBootstraps(first: Bootstrap, second: Bootstrap): Bootstrap {
  return mergeJson(first, second) as Bootstrap;
}

function mergeJson(first: unknown, second: unknown): unknown {
  if (Array.isArray(first) && Array.isArray(second)) return [...first, ...second];
  if (!isObject(first) || !isObject(second)) return second;
  const merged: Record<string, unknown> = { ...first };
  for (const [key, value] of Object.entries(second)) merged[key] = key in first ? mergeJson(first[key], value) : value;
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Brings a bootstrap object into canonical form (camelCase names, defaults omitted). */
export function parseBootstrap(json: unknown): Result<Bootstrap, string> {
  try {
    const message = fromJson(BootstrapSchema, json as JsonValue, { registry });
    return ok(toJson(BootstrapSchema, message, { registry }) as BootstrapJson);
  } catch (error) {
    return err(messageOf(error));
  }
}

/** The static resources as a snapshot. */
export function staticSnapshot(bootstrap: Bootstrap): Snapshot {
  const resources = bootstrap.staticResources ?? {};
  return {
    clusters: resources.clusters ?? [],
    endpoints: [],
    listeners: resources.listeners ?? [],
    routes: [],
    secrets: resources.secrets ?? [],
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
