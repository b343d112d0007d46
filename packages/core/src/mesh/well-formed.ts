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

function check(resource: Resource): boolean {
  const key = kindKey(resource.ref.group, resource.ref.kind);
  if (key === null) return true;
  const shape = kubernetesShapes[key];
  if (shape !== undefined) return fits(resource.raw, shape);
  return !validateResource(resource).errors.some((problem) => problem.source === 'schema' && problem.path.startsWith('spec'));
}

function fits(value: unknown, shape: Shape): boolean {
  if (value === undefined || value === null) return true;
  if (shape === 'text') return typeof value === 'string';
  if (shape === 'number') return typeof value === 'number';
  if (shape === 'flag') return typeof value === 'boolean';
  if (shape === 'text or number') return typeof value === 'string' || typeof value === 'number';
  if (isList(shape)) return Array.isArray(value) && value.every((item) => item !== null && item !== undefined && fits(item, shape[0]));
  if (typeof value !== 'object' || Array.isArray(value)) return false;
  const every = shape['*'];
  if (every !== undefined) return Object.values(value).every((field) => field !== null && fits(field, every));
  return Object.entries(shape).every(([field, inner]) => fits((value as Readonly<Record<string, unknown>>)[field], inner));
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}
