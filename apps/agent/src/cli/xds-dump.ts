import { type NodeJson, parseNode } from '@weft/core/mesh/parse-node';
import type { ProxyNode } from '@weft/core/mesh/proxy-node';
import type { Snapshot } from '@weft/core/snapshot/snapshot';
import { decodeResource, encodeResource, resourcesOf } from '@weft/core/xds/codec';
import { staticBootstrap } from '@weft/core/xds/static-bootstrap';
import { pushOrder, typeUrls, type XdsType } from '@weft/core/xds/type-urls';
import { stringify } from 'yaml';
import { compileCheckProxy, nodeOf, type ProxyRequest, readCheckMesh, resolveCheckMesh } from './check-mesh.ts';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { parseCheckOptions, readTextFile, runBatch, sharedOptionsHelp } from './options.ts';

export const help = `usage: weft xds dump -f FILE… --node NODE.json [--type cds|eds|lds|rds|sds|all] [--static]

Prints what a proxy is sent: xDS resources in protojson form, each with its @type, sorted by name. With --static a whole bootstrap that
Envoy and weft proxy run from.

  --node FILE             the proxy's node: an Envoy Node ({"id", "metadata", …}) or {"type", "ip", "namespace", "labels", …}
  --type TYPE             default all
  --static                a bootstrap with static resources
  --admin-port PORT       of that bootstrap; default 15000
${sharedOptionsHelp}

example:
  weft xds dump -f mesh/ --node node.json --static > envoy.json && envoy --mode validate -c envoy.json
`;

type NodeRequest = NodeJson & ProxyRequest;

/** Runs `weft xds dump`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const own = {
    node: { type: 'string' },
    type: { type: 'string' },
    static: { type: 'boolean' },
    'admin-port': { type: 'string' },
  } as const;
  const options = parseCheckOptions(args, own);
  if (options.files.length === 0) throw new UsageError('-f is needed: a file or a directory');
  const dump: DumpOptions = {
    types: typesOf(options.values.type),
    isStatic: options.values.static === true,
    adminPort: Number(options.values['admin-port'] ?? 15000),
  };
  const mesh = resolveCheckMesh(await readCheckMesh(options, io));
  const answer = (node: NodeRequest): unknown => dumpOf(compileCheckProxy(mesh, parsedNode(node)).snapshot, node, dump);
  if (options.batch) return runBatch(io, (request) => answer((request as { node?: NodeRequest }).node ?? (request as NodeRequest)));
  if (typeof options.values.node !== 'string') throw new UsageError('--node is needed: a file with the node of the proxy');
  const result = answer(readNode(options.values.node, io));
  io.stdout.write(options.output === 'yaml' ? stringify(result) : `${JSON.stringify(result, null, 2)}\n`);
  return 0;
}

interface DumpOptions {
  readonly types: readonly XdsType[];
  readonly isStatic: boolean;
  readonly adminPort: number;
}

function dumpOf(snapshot: Snapshot, node: NodeRequest, { types, isStatic, adminPort }: DumpOptions): unknown {
  const checked = pushOrder.map((type) => [type, resourcesOf(snapshot, type).map((json) => canonical(type, json))] as const);
  if (!isStatic) {
    return checked.flatMap(([type, list]) => (types.includes(type) ? list.map((json) => ({ '@type': typeUrls[type], ...json })) : []));
  }
  const parsed = parsedNode(node);
  const { id, cluster, metadata } = node.id ? node : { id: parsed.id, cluster: parsed.cluster, metadata: parsed.metadata };
  const bootstrapNode = { id: id ?? parsed.id, cluster: cluster || parsed.name, metadata: { ...metadata } as never };
  return staticBootstrap(snapshot, { node: bootstrapNode, adminPort });
}

/** The form the wire gives back: proof that the resource fits its message. */
function canonical(type: XdsType, json: object): object {
  return decodeResource(typeUrls[type], encodeResource(typeUrls[type], json)) as object;
}

function parsedNode(node: NodeRequest): ProxyNode {
  if (!node.id) return nodeOf(node);
  const parsed = parseNode(node);
  if (!parsed) throw new InputError(`node id: expected type~ip~name.namespace~domain, found ${node.id}`);
  return parsed;
}

function readNode(file: string, io: CommandIo): NodeRequest {
  const text = readTextFile(file, io);
  try {
    return JSON.parse(text) as NodeRequest;
  } catch (error) {
    throw new InputError(`${file}: not JSON: ${(error as Error).message}`);
  }
}

function typesOf(value: unknown): readonly XdsType[] {
  if (value === undefined || value === 'all') return pushOrder;
  const found = pushOrder.find((type) => type === value);
  if (!found) throw new UsageError(`--type: expected cds, eds, lds, rds, sds or all, found ${String(value)}`);
  return [found];
}
