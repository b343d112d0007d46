import type { SchemaNode } from '@weft/core/resource/schema-node';
import { type YamlPath, yamlContextAt } from './yaml-context.ts';

export interface Suggestion {
  readonly label: string;
  readonly detail: string;
  readonly documentation: string;
  /** What is typed in: `$0` marks the cursor. */
  readonly insert: string;
  readonly isRequired: boolean;
}

export interface HoverHelp {
  readonly title: string;
  readonly type: string;
  readonly documentation: string;
}

type SchemaByKind = Readonly<Record<string, SchemaNode>>;

const metadataSchema: SchemaNode = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'Name of the resource, unique for its kind in its namespace.' },
    namespace: { type: 'string', description: 'Namespace of the resource; default when absent.' },
    labels: { type: 'object', additionalProperties: { type: 'string' }, description: 'Labels that selectors can match.' },
    annotations: { type: 'object', additionalProperties: { type: 'string' }, description: 'Notes for tools.' },
  },
};

/** What may be typed at a position: the fields of the mapping there, or the values of the field. Positions count from 0. */
export function suggestAt(text: string, line: number, column: number, schemas: SchemaByKind): readonly Suggestion[] {
  const context = yamlContextAt(text, line, column);
  if (context === null) return [];
  const root = rootSchema(text, context.documentLine, schemas);
  const parent = nodeAt(root, context.parent);
  if (context.isValue) return valuesOf(parent?.properties?.[context.key] ?? parent?.additionalProperties);
  if (parent === undefined) return [];
  if (parent.enum !== undefined || parent.type !== 'object') return valuesOf(parent);
  const indent = ' '.repeat(context.keyColumn);
  return Object.entries(parent.properties ?? {}).map(([label, node]) => ({
    label,
    detail: typeOf(node),
    documentation: node.description ?? '',
    insert: `${label}:${continuation(node, indent)}`,
    isRequired: parent.required?.includes(label) ?? false,
  }));
}

/** What the field at a position means. Positions count from 0. */
export function helpAt(text: string, line: number, column: number, schemas: SchemaByKind): HoverHelp | null {
  const context = yamlContextAt(text, line, column);
  if (context === null || context.key === '') return null;
  const node = nodeAt(rootSchema(text, context.documentLine, schemas), context.parent)?.properties?.[context.key];
  if (node === undefined) return null;
  return {
    title: [...context.parent, context.key].join('.').replaceAll('.[]', '[]'),
    type: typeOf(node),
    documentation: node.description ?? '',
  };
}

function rootSchema(text: string, documentLine: number, schemas: SchemaByKind): SchemaNode {
  const head = text.split('\n').slice(documentLine).join('\n');
  const document = head.split(/^---(?:\s|$)/m)[0] ?? '';
  const kind = /^kind:\s*["']?(\w+)/m.exec(document)?.[1] ?? '';
  const apiVersion = /^apiVersion:\s*["']?([\w./]+)/m.exec(document)?.[1] ?? '';
  const isGatewayApi = apiVersion.startsWith('gateway.networking.k8s.io/');
  const key = kind === 'Gateway' && isGatewayApi ? 'KubernetesGateway' : kind;
  const spec = schemas[`${key}/${apiVersion.split('/')[1] ?? ''}`] ?? schemas[key];
  return {
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata'],
    properties: {
      apiVersion: {
        type: 'string',
        description: 'Group and version of the kind.',
        enum: ['networking.istio.io/v1', 'security.istio.io/v1', 'telemetry.istio.io/v1', 'gateway.networking.k8s.io/v1', 'v1'],
      },
      kind: { type: 'string', description: 'Kind of the resource.', enum: Object.keys(schemas).filter((name) => !name.includes('/')) },
      metadata: metadataSchema,
      ...(spec === undefined ? {} : { spec }),
    },
  };
}

function nodeAt(root: SchemaNode, path: YamlPath): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const step of path) node = step === '[]' ? node?.items : (node?.properties?.[step] ?? node?.additionalProperties);
  return node;
}

function valuesOf(node: SchemaNode | undefined): readonly Suggestion[] {
  const values = node?.type === 'boolean' ? ['true', 'false'] : (node?.enum ?? []);
  return values.map((value) => ({ label: String(value), detail: '', documentation: '', insert: String(value), isRequired: false }));
}

function typeOf(node: SchemaNode): string {
  if (node.type === 'array') return `list of ${node.items === undefined ? 'anything' : typeOf(node.items)}`;
  if (node.enum !== undefined) return node.enum.join(' | ');
  return node.type ?? 'anything';
}

function continuation(node: SchemaNode, indent: string): string {
  if (node.type === 'array') return `\n${indent}  - $0`;
  return node.type === 'object' ? `\n${indent}  $0` : ' $0';
}
