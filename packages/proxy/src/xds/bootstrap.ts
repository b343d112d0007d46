import { readFileSync } from 'node:fs';
import { fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import { err, ok, type Result } from '@weft/core/base/result';
import type { Snapshot } from '@weft/core/snapshot/snapshot';
import type { BootstrapJson } from '@weft/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import { BootstrapSchema } from '@weft/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import { registry } from '@weft/envoy-api/registry';
import { parse } from 'yaml';

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
  let json: unknown;
  try {
    json = parse(text);
  } catch (error) {
    return err(`${path} is neither JSON nor YAML: ${messageOf(error)}`);
  }
  const parsed = parseBootstrap(json);
  return parsed.ok ? parsed : err(`${path}: ${parsed.error}`);
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
