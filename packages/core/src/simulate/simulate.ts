import { resolveHost } from '../base/hosts.ts';
import { selectsLabels } from '../base/labels.ts';
import { compile } from '../compile/compile.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { type NodeJson, parseNode } from '../mesh/parse-node.ts';
import { proxyView } from '../mesh/proxy-view.ts';
import type { Workload } from '../mesh/workload.ts';
import { buildPlan } from '../plan/build-plan.ts';
import type { ClusterPlan, EndpointPlan, UpstreamTransportPlan } from '../plan/cluster-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { type Call, completeCall, type PartialCall } from './call.ts';
import { type CallOutcome, outcomeOf } from './outcome.ts';
import { type CallResult, type SimulationPorts, simulateCall } from './simulate-call.ts';

/** A request somewhere in a mesh. */
export interface MeshCall extends Omit<PartialCall, 'mode'> {
  /** The workload whose proxy takes the request first: a client's sidecar, or a gateway for requests from outside. */
  readonly from: { readonly namespace: string; readonly name: string };
}

/** What one proxy on the way does. */
export interface Hop {
  readonly workload: { readonly namespace: string; readonly name: string };
  readonly side: 'outbound' | 'gateway' | 'inbound';
  readonly call: Call;
  readonly result: CallResult;
  readonly outcome: CallOutcome;
  /** The host chosen for the next hop; null when the way ends here. */
  readonly endpoint: EndpointPlan | null;
}

/** How far a request may go before it is taken for a loop. */
const longestWay = 8;

/**
 * Follows a request from proxy to proxy, as it would go now: the client's sidecar or a gateway, then the sidecar of the endpoint chosen, and
 * so on through gateways inside the mesh. Empty when the first workload does not exist. Hand in `plans` to ask one mesh about many calls.
 */
export async function simulate(
  mesh: Mesh,
  request: MeshCall,
  ports: SimulationPorts,
  plans: Map<Workload, Plan> = new Map(),
): Promise<readonly Hop[]> {
  const { from, ...partial } = request;
  const world: World = { mesh, plans };
  const first = mesh.workloadByName.get(`${from.namespace}/${from.name}`);
  if (!first) return [];
  const hops: Hop[] = [];
  let workload: Workload | null = first;
  let call = firstCall(mesh, first, partial);
  while (workload && hops.length < longestWay) {
    const hop: Hop = await passProxy(world, workload, call, ports);
    hops.push(hop);
    if (hop.side === 'inbound' || !hop.endpoint) break;
    const next: Workload | null = workloadAt(mesh, hop.endpoint);
    if (!next) break;
    call = nextCall(mesh, { hop, plan: planOf(world, workload), from: workload, to: next });
    workload = next;
  }
  return hops;
}

interface World {
  readonly mesh: Mesh;
  readonly plans: Map<Workload, Plan>;
}

async function passProxy(world: World, workload: Workload, call: Call, ports: SimulationPorts): Promise<Hop> {
  const plan = planOf(world, workload);
  const result = await simulateCall(plan, call, ports);
  const outcome = outcomeOf(call, result);
  const endpoint = call.mode === 'inbound' || outcome.cluster === null ? null : endpointOf(plan, outcome.cluster, call.random);
  const { namespace, name } = workload;
  return { workload: { namespace, name }, side: call.mode, call, result, outcome, endpoint };
}

function firstCall(mesh: Mesh, workload: Workload, partial: Omit<PartialCall, 'mode'>): Call {
  if (isGateway(mesh, workload)) return completeCall({ ...partial, mode: 'gateway', address: partial.address ?? addressOf(workload) });
  const source = { ip: addressOf(workload), ...partial.source };
  const address = partial.address ?? destinationAddress(mesh, workload, partial.host ?? '');
  return completeCall({ ...partial, mode: 'outbound', address, source });
}

interface Passage {
  readonly hop: Hop;
  readonly plan: Plan;
  readonly from: Workload;
  readonly to: Workload;
}

/** The request as it arrives at the next proxy. */
function nextCall(mesh: Mesh, { hop, plan, from, to }: Passage): Call {
  const { call, outcome, endpoint } = hop;
  const address = endpoint?.address.kind === 'tcp' ? endpoint.address : { host: addressOf(to), port: call.port };
  const cluster = plan.clusterByName.get(outcome.cluster ?? '');
  const tls = cluster && endpoint ? tlsOf(transportOf(cluster, endpoint)) : { mode: 'plaintext' as const, sni: '' };
  const { headers = call.headers, path = call.path, authority = call.host } = outcome.upstream ?? {};
  return completeCall({
    ...call,
    mode: isGateway(mesh, to) ? 'gateway' : 'inbound',
    address: address.host,
    port: address.port,
    tls: tls.mode,
    alpn: '',
    sni: tls.sni,
    host: authority,
    path,
    headers,
    jwt: '',
    source: {
      ip: addressOf(from),
      remoteIp: call.source.remoteIp || (call.mode === 'gateway' ? call.source.ip : ''),
      principal: `${mesh.settings.meshConfig.trustDomain}/ns/${from.namespace}/sa/${from.serviceAccount || 'default'}`,
    },
  });
}

function planOf(world: World, workload: Workload): Plan {
  const plan = world.plans.get(workload) ?? compilePlan(world.mesh, workload);
  world.plans.set(workload, plan);
  return plan;
}

function compilePlan(mesh: Mesh, workload: Workload): Plan {
  const node = parseNode(nodeOf(mesh, workload));
  if (!node) throw new Error(`no node for workload ${workload.namespace}/${workload.name}`);
  return buildPlan(compile(proxyView(mesh, node)), null);
}

function nodeOf(mesh: Mesh, workload: Workload): NodeJson {
  const { namespace, name, labels, serviceAccount, cluster, network, locality, annotations } = workload;
  const type = isGateway(mesh, workload) ? 'router' : 'sidecar';
  return {
    id: `${type}~${addressOf(workload)}~${name}.${namespace}~${namespace}.svc.cluster.local`,
    cluster: `${name}.${namespace}`,
    metadata: {
      NAME: name,
      NAMESPACE: namespace,
      LABELS: labels,
      ANNOTATIONS: annotations,
      SERVICE_ACCOUNT: serviceAccount,
      CLUSTER_ID: cluster,
      NETWORK: network,
      INSTANCE_IPS: workload.addresses.join(','),
      ...(workload.kind === 'WorkloadEntry' ? { WORKLOAD_ENTRY: name } : {}),
    },
    locality: { region: locality.region, zone: locality.zone, subZone: locality.subzone },
  };
}

function isGateway(mesh: Mesh, { annotations, labels }: Workload): boolean {
  if (annotations['inject.istio.io/templates'] === 'gateway' || labels['gateway.networking.k8s.io/gateway-name'] !== undefined) return true;
  return mesh.resources.ofKind('Gateway').some(({ spec }) => {
    const selector = (spec?.selector ?? {}) as Readonly<Record<string, string>>;
    return Object.keys(selector).length > 0 && selectsLabels(selector, labels);
  });
}

function addressOf(workload: Workload): string {
  return workload.addresses[0] ?? '';
}

/** Where a client would connect for a host: the service's address, an endpoint of a headless one, an address that nobody has. */
function destinationAddress(mesh: Mesh, workload: Workload, host: string): string {
  const name = host.replace(/:\d+$/, '');
  const [service] =
    mesh.servicesByHostname.get(resolveHost(name, workload.namespace, mesh.settings.domain).toLowerCase()) ??
    mesh.servicesByHostname.get(name) ??
    [];
  const address = service?.addresses[0] ?? service?.autoAddresses?.ipv4;
  if (address !== undefined || !service) return address ?? '192.0.2.1';
  return mesh.endpointsByService.get(service.key)?.endpoints[0]?.address ?? '192.0.2.1';
}

/** A host of the first priority that has some; `random` chooses among them. */
function endpointOf(plan: Plan, name: string, random: number): EndpointPlan | null {
  const cluster = plan.clusterByName.get(name);
  const assignment = cluster?.loadAssignment ?? plan.assignmentByName.get(cluster?.edsName ?? '');
  const all = (assignment?.localities ?? [])
    .flatMap((locality) => locality.endpoints)
    .filter(({ health }) => health !== 'UNHEALTHY' && health !== 'DRAINING');
  const priority = all.reduce((least, endpoint) => Math.min(least, endpoint.priority), Number.POSITIVE_INFINITY);
  const hosts = all.filter((endpoint) => endpoint.priority === priority);
  return hosts[Math.min(hosts.length - 1, Math.floor(random * hosts.length))] ?? null;
}

/** The workload behind an endpoint: by name where Istio's metadata tells it, else the only one at the address that has the port. */
function workloadAt(mesh: Mesh, { address, metadata }: EndpointPlan): Workload | null {
  if (address.kind !== 'tcp') return null;
  const found = mesh.workloadsByAddress.get(address.host) ?? [];
  if (found.length <= 1) return found[0] ?? null;
  const named = metadata.istio?.workload;
  const name = typeof named === 'string' ? named.split(';')[0] : undefined;
  const byPort = found.filter((workload) => Object.values(workload.portByName).includes(address.port));
  return (
    (byPort.length === 1
      ? byPort[0]
      : (byPort.find((workload) => workload.workloadName === name || workload.name === name) ?? byPort[0])) ?? null
  );
}

function transportOf(cluster: ClusterPlan, endpoint: EndpointPlan): UpstreamTransportPlan {
  const labels = endpoint.metadata['envoy.transport_socket_match'] ?? {};
  const match = cluster.transportMatches.find(({ match: wanted }) => Object.entries(wanted).every(([key, value]) => labels[key] === value));
  return match?.transport ?? cluster.transport;
}

function tlsOf(transport: UpstreamTransportPlan): { readonly mode: Call['tls']; readonly sni: string } {
  if (transport.kind === 'proxyProtocol') return tlsOf(transport.inner);
  if (transport.kind !== 'tls') return { mode: 'plaintext', sni: '' };
  const { tls } = transport;
  return { mode: tls.certificates.length + tls.certificateSecrets.length > 0 ? 'mtls' : 'tls', sni: tls.sni };
}
