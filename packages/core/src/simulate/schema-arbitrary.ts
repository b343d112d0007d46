import fc from 'fast-check';
import type { SchemaNode } from '../resource/schema-node.ts';

type Values = fc.Arbitrary<unknown>;

/** Texts that mean something in fields of that name; the first pattern that fits counts. */
const textsByName: readonly (readonly [pattern: RegExp, texts: readonly string[]])[] = [
  [
    /^(hosts?|hostnames?|sni.*|exact|destination.*)$/i,
    ['a', 'b.bank', 'a.shop.svc.cluster.local', 'ext.example.com', '*.example.com', '*', 'shop/*', './a'],
  ],
  [/^(name|subset|gateways?|sectionname|parent.*)$/i, ['a', 'b', 'gw', 'v1', 'mesh', 'shop/gw', 'http', 'x-a', 'prometheus', 'otel']],
  [/^(namespaces?|exportto)$/i, ['shop', 'bank', 'istio-system', '.', '*']],
  [/(timeout|interval|duration|delay|time|ttl|age|window|maxage)$/i, ['1s', '0s', '250ms', '1h', '30s', '-1s', 'soon']],
  [/^(regex|pattern)$/i, ['.*', '/a/[0-9]+', '(', '[a-z]+', '']],
  [
    /^(address|ipblocks|.*cidr.*|bind|remoteipblocks|addresses)$/i,
    ['10.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32', 'host.example.com', 'unix:///run/x', '999.1.1.1'],
  ],
  [/^(kind)$/i, ['Service', 'Gateway', 'ServiceEntry', 'HTTPRoute', 'Secret', 'ConfigMap', 'Hostname']],
  [/^(group)$/i, ['', 'networking.istio.io', 'gateway.networking.k8s.io']],
  [/^(protocol)$/i, ['HTTP', 'TCP', 'TLS', 'HTTPS', 'GRPC', 'HTTP2', 'MONGO', 'UDP']],
  [/^(path|prefix|uri|paths|value)$/i, ['/', '/a', '/a/{*}', '/a/{**}', '*', '/a*', 'x', '']],
  [/^(principals|requestprincipals|serviceaccounts?)$/i, ['*', 'cluster.local/ns/shop/sa/a', 'a', 'iss/sub', '*/sub']],
  [/^(key)$/i, ['request.headers[x-a]', 'source.ip', 'destination.port', 'request.auth.claims[a][b]', 'connection.sni', 'x', 'app']],
  [/^(ports?|percent|status.*|code)$/i, ['80', '443', '1.5', '503', '']],
  [/^(jwks)$/i, ['{"keys":[]}', 'x']],
];
const anyText = [
  'a',
  'b',
  '',
  '*',
  'v1',
  '1s',
  '80',
  'x-a',
  '10.0.0.0/8',
  '/a',
  'shop',
  '{',
  '%REQ(x-a)%',
  'http://a.example.com/keys',
  'é',
];
const anyNumber = [0, 1, 2, 50, 80, 100, 443, 503, 8080, 15006, 65535, 65536, -1, 2147483647];

/** Values that a schema allows by their form: most are meaningful, many are nonsense, all have the types they should. Depth and width stay small. */
export function schemaArbitrary(node: SchemaNode, name = '', depth = 0): Values {
  if (node.enum) return fc.constantFrom(...node.enum);
  switch (node.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.constantFrom(...anyNumber);
    case 'int-or-string':
      return fc.constantFrom<number | string>(80, 8080, 'http', '50%');
    case 'array':
      return fc.array(schemaArbitrary(node.items ?? {}, name, depth + 1), {
        minLength: node.minItems ? 1 : 0,
        maxLength: depth > 8 ? 1 : 2,
      });
    case 'object':
      return objectOf(node, depth);
    case 'string':
      return textOf(name);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

function textOf(name: string): fc.Arbitrary<string> {
  const texts = textsByName.find(([pattern]) => pattern.test(name))?.[1] ?? anyText;
  return fc.oneof({ arbitrary: fc.constantFrom(...texts), weight: 9 }, { arbitrary: fc.constantFrom(...anyText), weight: 1 });
}

function objectOf(node: SchemaNode, depth: number): Values {
  const properties = node.properties ?? {};
  const names = Object.keys(properties);
  if (names.length === 0) return node.additionalProperties ? mapOf(node.additionalProperties, depth) : fc.jsonValue({ maxDepth: 2 });
  const required = (node.required ?? []).filter((field) => field in properties);
  const optional = names.filter((field) => !required.includes(field));
  const most = depth > 9 ? 0 : depth > 5 ? 2 : 4;
  return fc.shuffledSubarray(optional, { maxLength: Math.min(most, optional.length) }).chain((chosen) => {
    const fields = withoutRivals([...required, ...chosen], node);
    return fc.record(Object.fromEntries(fields.map((field) => [field, schemaArbitrary(properties[field] ?? {}, field, depth + 1)])));
  });
}

function mapOf(values: SchemaNode, depth: number): Values {
  return fc.dictionary(fc.constantFrom('a', 'app', 'version', '80', 'x-a'), schemaArbitrary(values, '', depth + 1), { maxKeys: 2 });
}

/** Of fields that exclude each other the first stays. */
function withoutRivals(fields: readonly string[], { oneOf = [] }: SchemaNode): readonly string[] {
  return fields.filter(
    (field, at) => !oneOf.some((set) => set.fields.includes(field) && fields.slice(0, at).some((before) => set.fields.includes(before))),
  );
}
