/** Numbers of a host that each thread counts for itself. */
const counted = new Set(['cx_active', 'cx_connect_fail', 'cx_total', 'rq_active', 'rq_error', 'rq_success', 'rq_timeout', 'rq_total']);

/** The `/clusters` answers of several threads as that of one process; text or JSON, all in the same form. */
export function mergeClusters(bodies: readonly string[]): string {
  const [first = ''] = bodies;
  return first.startsWith('{') ? mergeJson(bodies) : mergeText(bodies);
}

function mergeText(bodies: readonly string[]): string {
  const values = new Map<string, string>();
  for (const line of bodies.flatMap((body) => body.split('\n'))) {
    const at = line.lastIndexOf('::');
    if (at < 0) continue;
    const key = line.slice(0, at);
    const value = line.slice(at + 2);
    const known = values.get(key);
    const isCounted = counted.has(key.slice(key.lastIndexOf('::') + 2));
    values.set(key, known === undefined ? value : isCounted ? String(Number(known) + Number(value)) : known);
  }
  return [...values].map(([key, value]) => `${key}::${value}\n`).join('');
}

interface HostStatus {
  readonly address: unknown;
  readonly stats?: readonly { readonly name: string; value?: string }[];
}

interface ClustersAnswer {
  readonly cluster_statuses?: readonly { readonly name: string; readonly host_statuses?: readonly HostStatus[] }[];
}

function mergeJson(bodies: readonly string[]): string {
  const [merged = {}, ...others] = bodies.map((body) => JSON.parse(body) as ClustersAnswer);
  const hosts = new Map([...hostsOf(merged)]);
  for (const [key, host] of others.flatMap((other) => [...hostsOf(other)])) {
    for (const { name, value } of host.stats ?? []) {
      const stat = hosts.get(key)?.stats?.find((candidate) => candidate.name === name);
      if (stat !== undefined && counted.has(name)) stat.value = String(Number(stat.value ?? 0) + Number(value ?? 0));
    }
  }
  return `${JSON.stringify(merged, null, 1)}\n`;
}

function* hostsOf({ cluster_statuses: clusters = [] }: ClustersAnswer): Generator<[string, HostStatus]> {
  for (const { name, host_statuses: hosts = [] } of clusters) {
    for (const host of hosts) yield [`${name} ${JSON.stringify(host.address)}`, host];
  }
}
