import { type KindKey, kindKey, type ResourceSet } from '../resource/kinds.ts';
import type { Resource } from '../resource/resource.ts';
import { createResourceSet } from '../resource/resource-set.ts';
import { validateResource } from '../resource/validate.ts';

/** What a value has to be: a primitive, a list of one shape, an object with known fields, or (under `*`) with fields of one shape. Absent and null always fit. */
type Shape = 'text' | 'number' | 'flag' | 'text or number' | readonly [Shape] | { readonly [field: string]: Shape };

const texts: Shape = { '*': 'text' };
const endpointPort: Shape = { name: 'text', port: 'number', protocol: 'text', appProtocol: 'text' };
const endpointsAddress: Shape = { ip: 'text', hostname: 'text', nodeName: 'text' };
const container: Shape = { ports: [{ name: 'text', containerPort: 'number' }] };

/** The fields of Kubernetes' own kinds that are read; the other kinds have schemas. */
const kubernetesShapes: { readonly [K in KindKey]?: Shape } = {
  Service: {
    spec: {
      type: 'text',
      clusterIP: 'text',
      clusterIPs: ['text'],
      externalIPs: ['text'],
      externalName: 'text',
      selector: texts,
      ports: [{ name: 'text', port: 'number', protocol: 'text', appProtocol: 'text', targetPort: 'text or number', nodePort: 'number' }],
      publishNotReadyAddresses: 'flag',
      internalTrafficPolicy: 'text',
      trafficDistribution: 'text',
    },
    status: { loadBalancer: { ingress: [{ ip: 'text', hostname: 'text' }] } },
  },
  EndpointSlice: {
    endpoints: [
      {
        addresses: ['text'],
        conditions: { ready: 'flag', serving: 'flag', terminating: 'flag' },
        hostname: 'text',
        nodeName: 'text',
        zone: 'text',
      },
    ],
    ports: [endpointPort],
  },
  Endpoints: { subsets: [{ addresses: [endpointsAddress], notReadyAddresses: [endpointsAddress], ports: [endpointPort] }] },
  Pod: {
    spec: {
      containers: [container],
      initContainers: [container],
      serviceAccountName: 'text',
      serviceAccount: 'text',
      nodeName: 'text',
      hostNetwork: 'flag',
    },
    status: { phase: 'text', podIP: 'text', podIPs: [{ ip: 'text' }], conditions: [{ type: 'text', status: 'text' }] },
  },
};

/**
 * The resources whose fields have the types they should have. One that has not is as good as not there: what it means cannot be said, and it must not keep the
 * others from having effect. Validation says what is wrong with it.
 */
export function wellFormed(
  set: ResourceSet,
  known: ReadonlyMap<Resource, boolean> | undefined,
): { readonly set: ResourceSet; readonly isWellFormed: ReadonlyMap<Resource, boolean> } {
  const isWellFormed = new Map<Resource, boolean>();
  for (const resource of set.all) isWellFormed.set(resource, known?.get(resource) ?? check(resource));
  const good = set.all.filter((resource) => isWellFormed.get(resource));
  return { set: good.length === set.all.length ? set : createResourceSet(good), isWellFormed };
}

type Test = (value: unknown) => boolean;

/** A test is made of a kind's shape when the first resource of it comes: ten thousand endpoints are looked at before anything else of a mesh is known. */
const testByKind = new Map<KindKey, Test>();

function check(resource: Resource): boolean {
  const key = kindKey(resource.ref.group, resource.ref.kind);
  if (key === null) return true;
  const shape = kubernetesShapes[key];
  if (shape === undefined)
    return !validateResource(resource).errors.some((problem) => problem.source === 'schema' && problem.path.startsWith('spec'));
  const test = testByKind.get(key) ?? testOf(shape);
  testByKind.set(key, test);
  return test(resource.raw);
}

function testOf(shape: Shape): Test {
  if (shape === 'text') return (value) => typeof value === 'string' || isAbsent(value);
  if (shape === 'number') return (value) => typeof value === 'number' || isAbsent(value);
  if (shape === 'flag') return (value) => typeof value === 'boolean' || isAbsent(value);
  if (shape === 'text or number') return (value) => typeof value === 'string' || typeof value === 'number' || isAbsent(value);
  if (isList(shape)) return listTest(testOf(shape[0]));
  const every = shape['*'];
  return every === undefined ? recordTest(Object.entries(shape)) : mapTest(testOf(every));
}

function listTest(item: Test): Test {
  return (value) => {
    if (isAbsent(value)) return true;
    if (!Array.isArray(value)) return false;
    for (const each of value) if (isAbsent(each) || !item(each)) return false;
    return true;
  };
}

function mapTest(field: Test): Test {
  return (value) => isAbsent(value) || (isObject(value) && Object.values(value).every((each) => each !== null && field(each)));
}

function recordTest(fields: readonly (readonly [string, Shape])[]): Test {
  const names = fields.map(([name]) => name);
  const tests = fields.map(([, inner]) => testOf(inner));
  return (value) => {
    if (isAbsent(value)) return true;
    if (!isObject(value)) return false;
    for (let i = 0; i < names.length; i++) {
      const field = value[names[i] as string];
      if (field !== undefined && !(tests[i] as Test)(field)) return false;
    }
    return true;
  };
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}
