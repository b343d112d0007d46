import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fromBinary, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { type DiscoveryResponse, DiscoveryResponseSchema } from '@weft/envoy-api/envoy/service/discovery/v3/discovery_pb';
import { registry } from '@weft/envoy-api/registry';
import { DirectoryWatch } from '../io/directory-watch.ts';
import type { ProxyLog } from '../log.ts';
import type { PathSource } from './config-source.ts';
import type { Wanted } from './discovery-stream.ts';
import { parseJsonOrYaml } from './parse-json-or-yaml.ts';
import { describeRejections, readUpdate } from './read-update.ts';
import { kindOf, typeUrlByKind } from './resource-kinds.ts';
import type { ResourceStore } from './resource-store.ts';

/** What a file source uses of the proxy around it. */
export interface PathDiscoveryOptions {
  readonly store: ResourceStore;
  readonly onApplied: () => void;
  readonly log: ProxyLog;
}

/**
 * Resources from a file that holds a `DiscoveryResponse` (JSON, YAML, or `.pb` bytes), read again whenever the file or its watched directory
 * changes. A file that cannot be read or used leaves what was read before in force.
 */
export class PathDiscovery {
  #source: PathSource;
  #options: PathDiscoveryOptions;
  #watch: DirectoryWatch;
  #last: Buffer | null = null;
  #wanted: Wanted = new Map();

  constructor(source: PathSource, options: PathDiscoveryOptions) {
    this.#source = source;
    this.#options = options;
    this.#watch = new DirectoryWatch(source.watchedDirectory ?? dirname(source.path), () => this.#read());
  }

  get hasRead(): boolean {
    return this.#last !== null;
  }

  stop(): void {
    this.#watch.close();
  }

  want(wanted: Wanted): void {
    this.#wanted = wanted;
    if (this.#last === null) this.#read();
  }

  #read(): void {
    const { log } = this.#options;
    try {
      const bytes = readFileSync(this.#source.path);
      if (this.#last?.equals(bytes)) return;
      this.#apply(parseResponse(this.#source.path, bytes));
      this.#last = bytes;
    } catch (error) {
      log('warn', `${this.#source.path}: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    this.#options.onApplied();
  }

  #apply({ resources, versionInfo }: DiscoveryResponse): void {
    const { store, log } = this.#options;
    for (const kind of this.#wanted.keys()) {
      const typeUrl = typeUrlByKind[kind];
      const own = resources.filter((resource) => kindOf(resource.typeUrl) === kind);
      const isComplete = kind === 'clusters' || kind === 'listeners';
      const found = own.map(({ value }) => ({ name: '', version: versionInfo, typeUrl, value, ttlMs: 0 }));
      const response = { typeUrl, nonce: '', version: versionInfo, resources: found, removed: [], isComplete };
      const { update, problems } = readUpdate(response, store.discovered(kind).keys());
      const rejections = [...problems, ...store.apply(kind, update)];
      if (rejections.length > 0) log('warn', `${this.#source.path}: refused ${kind}: ${describeRejections(kind, rejections)}`);
    }
  }
}

function parseResponse(path: string, bytes: Buffer): DiscoveryResponse {
  if (path.endsWith('.pb')) return fromBinary(DiscoveryResponseSchema, bytes);
  return fromJson(DiscoveryResponseSchema, parseJsonOrYaml(bytes.toString('utf8')) as JsonValue, { registry });
}
