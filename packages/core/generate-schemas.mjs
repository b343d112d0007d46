// Generates gen/schemas.js: one JSON schema per kind, from the declarations (structure, enums, descriptions) and the compiled validators (limits, patterns,
// exclusive fields) of the @kubernetes-models packages. Nothing generated is committed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseSync } from 'oxc-parser';

const here = import.meta.dirname;
const require = createRequire(import.meta.url);
const istio = dirname(require.resolve('@kubernetes-models/istio/package.json'));
const gatewayApi = dirname(require.resolve('@kubernetes-models/gateway-api/package.json'));

const sources = {
  VirtualService: [istio, 'networking.istio.io/v1/VirtualService'],
  DestinationRule: [istio, 'networking.istio.io/v1/DestinationRule'],
  Gateway: [istio, 'networking.istio.io/v1/Gateway'],
  ServiceEntry: [istio, 'networking.istio.io/v1/ServiceEntry'],
  WorkloadEntry: [istio, 'networking.istio.io/v1/WorkloadEntry'],
  WorkloadGroup: [istio, 'networking.istio.io/v1/WorkloadGroup'],
  Sidecar: [istio, 'networking.istio.io/v1/Sidecar'],
  ProxyConfig: [istio, 'networking.istio.io/v1beta1/ProxyConfig'],
  EnvoyFilter: [istio, 'networking.istio.io/v1alpha3/EnvoyFilter'],
  PeerAuthentication: [istio, 'security.istio.io/v1/PeerAuthentication'],
  RequestAuthentication: [istio, 'security.istio.io/v1/RequestAuthentication'],
  AuthorizationPolicy: [istio, 'security.istio.io/v1/AuthorizationPolicy'],
  Telemetry: [istio, 'telemetry.istio.io/v1/Telemetry'],
  WasmPlugin: [istio, 'extensions.istio.io/v1alpha1/WasmPlugin'],
  GatewayClass: [gatewayApi, 'gateway.networking.k8s.io/v1/GatewayClass'],
  KubernetesGateway: [gatewayApi, 'gateway.networking.k8s.io/v1/Gateway'],
  HTTPRoute: [gatewayApi, 'gateway.networking.k8s.io/v1/HTTPRoute'],
  GRPCRoute: [gatewayApi, 'gateway.networking.k8s.io/v1/GRPCRoute'],
  TLSRoute: [gatewayApi, 'gateway.networking.k8s.io/v1/TLSRoute'],
  'TLSRoute/v1alpha2': [gatewayApi, 'gateway.networking.k8s.io/v1alpha2/TLSRoute'],
  TCPRoute: [gatewayApi, 'gateway.networking.k8s.io/v1alpha2/TCPRoute'],
  UDPRoute: [gatewayApi, 'gateway.networking.k8s.io/v1alpha2/UDPRoute'],
  ReferenceGrant: [gatewayApi, 'gateway.networking.k8s.io/v1/ReferenceGrant'],
  BackendTLSPolicy: [gatewayApi, 'gateway.networking.k8s.io/v1/BackendTLSPolicy'],
  ListenerSet: [gatewayApi, 'gateway.networking.k8s.io/v1/ListenerSet'],
};

const limitNames = ['minimum', 'maximum', 'minLength', 'maxLength', 'pattern', 'minItems', 'maxItems', 'minProperties', 'maxProperties'];

const stamp = createHash('sha256')
  .update(readFileSync(join(here, 'generate-schemas.mjs')))
  .update(readFileSync(join(istio, 'package.json')))
  .update(readFileSync(join(gatewayApi, 'package.json')))
  .digest('hex');
const stampFile = join(here, 'gen/.stamp');
if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) process.exit(0);

const schemas = {};
for (const [kind, [root, path]] of Object.entries(sources)) {
  const declared = readDeclaration(join(root, `${path}.d.ts`)).properties.spec;
  const checked = readValidator(validatorFile(join(root, `${path}.js`))).properties.get('spec');
  schemas[kind] = addLimits(declared, checked);
}
mkdirSync(join(here, 'gen'), { recursive: true });
writeFileSync(join(here, 'gen/schemas.js'), `export const schemas = JSON.parse(${JSON.stringify(JSON.stringify(schemas))});\n`);
writeFileSync(
  join(here, 'gen/schemas.d.ts'),
  "import type { SchemaNode } from '../src/resource/schema-node.ts';\nexport declare const schemas: Readonly<Record<string, SchemaNode>>;\n",
);
writeFileSync(stampFile, stamp);

// --- declarations ---------------------------------------------------------------------------------------------------------------------------------------

/** The schema of the interface or alias `I<file name>` of a declaration file. */
function readDeclaration(file, name = `I${file.slice(file.lastIndexOf('/') + 1, -5)}`) {
  const text = readFileSync(file, 'utf8');
  const { program, comments } = parseSync(file, text);
  const imports = new Map();
  const types = new Map();
  for (const statement of program.body) {
    if (statement.type === 'ImportDeclaration') {
      for (const specifier of statement.specifiers)
        imports.set(specifier.local.name, { file: statement.source.value, name: specifier.imported?.name });
    } else if (statement.declaration?.id) {
      if (statement.declaration.type !== 'ClassDeclaration') types.set(statement.declaration.id.name, statement.declaration);
    }
  }
  const commentByEnd = comments.filter((comment) => comment.type === 'Block').sort((a, b) => a.end - b.end);
  const scope = { file, text, imports, types, comments: commentByEnd };
  return convertNamed(name, scope);
}

function convertNamed(name, scope) {
  const local = scope.types.get(name);
  if (local?.type === 'TSInterfaceDeclaration') return convertInterface(local, scope);
  if (local?.type === 'TSTypeAliasDeclaration') return convertType(local.typeAnnotation, scope);
  const imported = scope.imports.get(name);
  if (!imported) return {};
  if (/ObjectMeta|IntOrString/.test(name)) return /IntOrString/.test(name) ? { type: 'int-or-string' } : { type: 'object' };
  if (imported.file.startsWith('.')) return readDeclaration(resolve(dirname(scope.file), imported.file.replace(/\.js$/, '.d.ts')));
  return /apimachinery/.test(imported.file) ? { type: 'object' } : {};
}

function convertType(type, scope) {
  switch (type.type) {
    case 'TSStringKeyword':
      return { type: 'string' };
    case 'TSNumberKeyword':
      return { type: 'number' };
    case 'TSBooleanKeyword':
      return { type: 'boolean' };
    case 'TSTypeLiteral':
      return convertMembers(type.members, scope);
    case 'TSIntersectionType':
      return convertType(type.types[0], scope);
    case 'TSArrayType':
      return { type: 'array', items: convertType(type.elementType, scope) };
    case 'TSLiteralType':
      return { type: typeof type.literal.value === 'number' ? 'integer' : 'string', enum: [type.literal.value] };
    case 'TSUnionType':
      return convertUnion(type.types, scope);
    case 'TSTypeReference':
      if (type.typeName.name === 'Array') return { type: 'array', items: convertType(type.typeArguments.params[0], scope) };
      return convertNamed(type.typeName.name, scope);
    case 'TSParenthesizedType':
      return convertType(type.typeAnnotation, scope);
    default:
      return {};
  }
}

function convertUnion(types, scope) {
  const kinds = types.map((type) => convertType(type, scope));
  if (kinds.every((kind) => kind.enum)) return { type: kinds[0].type, enum: kinds.flatMap((kind) => kind.enum) };
  const names = new Set(kinds.map((kind) => kind.type));
  return names.has('string') && names.has('number') ? { type: 'int-or-string' } : kinds[0];
}

function convertInterface(declaration, scope) {
  const own = convertMembers(declaration.body.body, scope);
  for (const parent of declaration.extends ?? []) {
    const inherited = convertNamed(parent.expression.name, scope);
    own.properties = { ...inherited.properties, ...own.properties };
    if (inherited.required) own.required = [...new Set([...inherited.required, ...(own.required ?? [])])];
  }
  return own;
}

function convertMembers(members, scope) {
  const schema = { type: 'object' };
  for (const member of members) {
    if (member.type === 'TSIndexSignature') {
      schema.additionalProperties = convertType(member.typeAnnotation.typeAnnotation, scope);
    } else if (member.type === 'TSPropertySignature') {
      const name = member.key.value ?? member.key.name;
      const description = descriptionBefore(member.start, scope);
      schema.properties ??= {};
      schema.properties[name] = { ...(description && { description }), ...convertType(member.typeAnnotation.typeAnnotation, scope) };
      if (!member.optional) schema.required = [...(schema.required ?? []), name];
    }
  }
  return schema;
}

function descriptionBefore(start, scope) {
  const comment = scope.comments.findLast((candidate) => candidate.end <= start);
  if (!comment || /\S/.test(scope.text.slice(comment.end, start))) return '';
  const lines = comment.value.split('\n').map((line) => line.replace(/^\s*\*? ?/, ''));
  return lines.join('\n').trim().replaceAll('\\*', '*');
}

// --- compiled validators --------------------------------------------------------------------------------------------------------------------------------

function validatorFile(modelFile) {
  const match = /from"([^"]*_schemas\/[^"]+)"/.exec(readFileSync(modelFile, 'utf8'));
  return resolve(dirname(modelFile), match[1]);
}

/** What the validator exported by a file checks, as a tree like the schema's. */
function readValidator(file) {
  const { program } = parseSync(file, readFileSync(file, 'utf8'));
  const scope = { file, functions: new Map(), imports: new Map(), constants: new Map(), seen: new Map() };
  let main = '';
  for (const statement of program.body) {
    if (statement.type === 'FunctionDeclaration') scope.functions.set(statement.id.name, statement);
    else if (statement.type === 'ImportDeclaration')
      for (const specifier of statement.specifiers) scope.imports.set(specifier.local.name, statement.source.value);
    else
      for (const variable of (statement.declaration ?? statement).declarations ?? []) {
        if (statement.declaration) main = variable.init.name;
        else scope.constants.set(variable.id.name, variable.init);
      }
  }
  return readFunction(main, scope);
}

function readFunction(name, scope) {
  const imported = scope.imports.get(name);
  if (imported) return imported.startsWith('.') ? readValidator(resolve(dirname(scope.file), imported)) : emptyCheck();
  if (!scope.seen.has(name)) {
    const check = emptyCheck();
    scope.seen.set(name, check);
    visit(scope.functions.get(name)?.body, check, scope);
  }
  return scope.seen.get(name);
}

function emptyCheck() {
  return { limits: {}, required: [], properties: new Map(), items: null, additional: null, same: [] };
}

function visit(node, check, scope) {
  if (Array.isArray(node)) for (const child of node) visit(child, check, scope);
  if (!node || typeof node.type !== 'string') return;
  if (node.type === 'ObjectExpression' && propertyOf(node, 'keyword')) return addKeyword(node, check, scope);
  if (node.type === 'CallExpression' && /^validate\d+$/.test(node.callee.name ?? '')) return addCall(node, check, scope);
  for (const [key, child] of Object.entries(node)) if (key !== 'type' && child && typeof child === 'object') visit(child, check, scope);
}

function addKeyword(node, check, scope) {
  const keyword = propertyOf(node, 'keyword').value;
  const params = Object.fromEntries(
    propertyOf(node, 'params').properties.map((property) => [property.key.name, literalOf(property.value, scope)]),
  );
  if (keyword === 'required') check.required.push(params.missingProperty);
  else if (keyword === 'enum') check.limits.enum = params.allowedValues;
  else if (keyword === 'type') check.limits.type = params.type;
  else check.limits[keyword] = params.limit ?? params.pattern ?? params.format ?? true;
}

function addCall(node, check, scope) {
  const target = node.arguments[0];
  const called = () => readFunction(node.callee.name, scope);
  if (target.type === 'Identifier') check.same.push(called());
  else if (target.computed && target.property.type === 'Identifier') {
    if (/^i\d/.test(target.property.name)) check.items = called();
    else check.additional = called();
  } else check.properties.set(target.property.name ?? target.property.value, called());
}

function propertyOf(node, name) {
  return node.properties.find((property) => property.key?.name === name)?.value;
}

function literalOf(node, scope) {
  if (node.type === 'Identifier') return scope.constants.has(node.name) ? literalOf(scope.constants.get(node.name), scope) : undefined;
  if (node.type === 'ArrayExpression') return node.elements.map((element) => literalOf(element, scope));
  if (node.type === 'UnaryExpression') return -literalOf(node.argument, scope);
  if (node.type === 'TemplateLiteral') return node.quasis[0].value.cooked;
  return node.value;
}

// --- both together --------------------------------------------------------------------------------------------------------------------------------------

function addLimits(schema, check) {
  if (!check) return schema;
  const result = { ...schema };
  for (const part of [check, ...(check.limits.oneOf || check.limits.anyOf ? [] : check.same)]) {
    for (const name of limitNames) if (part.limits[name] !== undefined) result[name] = part.limits[name];
    if (part.limits.format) result.format = part.limits.format;
    if (part.limits.type === 'integer' && result.type === 'number') result.type = 'integer';
    if (Array.isArray(part.limits.enum)) result.enum = part.limits.enum;
    if (part.limits.oneOf) result.oneOf = [...(result.oneOf ?? []), exclusiveFields(part.same)];
    if (
      part.limits.anyOf &&
      part.same.some((one) => one.limits.type === 'string') &&
      part.same.some((one) => one.limits.type === 'integer')
    )
      result.type = 'int-or-string';
    if (result.properties) {
      result.properties = Object.fromEntries(
        Object.entries(result.properties).map(([name, child]) => [name, addLimits(child, part.properties.get(name))]),
      );
    }
    if (result.items && part.items) result.items = addLimits(result.items, part.items);
    if (result.additionalProperties && part.additional)
      result.additionalProperties = addLimits(result.additionalProperties, part.additional);
    for (const nested of part === check ? [] : part.same)
      if (!part.limits.oneOf && !part.limits.anyOf && !part.limits.not) Object.assign(result, addLimits(result, nested));
  }
  return result;
}

/** The fields of which one may be set (`optional`) or must be. */
function exclusiveFields(alternatives) {
  const optional = alternatives.some((alternative) => alternative.limits.not);
  return { optional, fields: alternatives.filter((alternative) => !alternative.limits.not).map((alternative) => alternative.required[0]) };
}
