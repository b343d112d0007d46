import { parseYaml } from '@weft/core/resource/parse';
import { validateResource } from '@weft/core/resource/validate';
import { parseAllDocuments } from 'yaml';
import { percentile } from './statistics.ts';

/** Times reading and validating 5,000 resources on one core, beside reading the same text with the `yaml` library. CPU time, so that a busy machine matters less. */
const count = Number(process.argv[2] ?? 5000);
const rounds = 9;
const text = Array.from({ length: count }, (_, index) => document(index)).join('---\n');

const parse: number[] = [];
const validate: number[] = [];
const peer: number[] = [];
let invalid = 0;
for (let round = 0; round < rounds; round++) {
  const { value, ms } = timed(() => parseYaml(text, 'mesh.yaml').resources);
  parse.push(ms);
  const checked = timed(() => value.filter((resource) => validateResource(resource).errors.length > 0).length);
  validate.push(checked.ms);
  invalid = checked.value;
  peer.push(timed(() => parseAllDocuments(text).map((each) => each.toJS())).ms);
}

const medians = { parse: percentile(parse, 50), validate: percentile(validate, 50), peer: percentile(peer, 50) };
console.log(`resources ${count}, ${(text.length / 1024).toFixed(0)} KiB of YAML, ${invalid} invalid, ${rounds} rounds, median CPU time`);
console.log(`parse            ${medians.parse.toFixed(0)} ms (first ${(parse[0] ?? 0).toFixed(0)} ms)`);
console.log(`validate         ${medians.validate.toFixed(0)} ms (first ${(validate[0] ?? 0).toFixed(0)} ms)`);
console.log(
  `yaml parse alone ${medians.peer.toFixed(0)} ms; parse and validate take ${((medians.parse + medians.validate) / medians.peer).toFixed(2)} of it`,
);

function timed<T>(work: () => T): { readonly value: T; readonly ms: number } {
  const before = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(before);
  return { value, ms: (user + system) / 1000 };
}

function document(index: number): string {
  const service = `service-${Math.floor(index / 5)}`;
  const head = (apiVersion: string, kind: string) =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${kind.toLowerCase()}-${index}\n  namespace: team-${index % 50}\nspec:\n`;
  switch (index % 5) {
    case 0:
      return `${head('networking.istio.io/v1', 'VirtualService')}  hosts: [${service}]
  http:
    - match:
        - uri: {prefix: /api}
          headers: {x-user: {regex: "[a-z]+"}}
      timeout: 5s
      retries: {attempts: 3, perTryTimeout: 2s, retryOn: "5xx,connect-failure"}
      route:
        - destination: {host: ${service}, subset: v1, port: {number: 8080}}
          weight: 90
        - destination: {host: ${service}, subset: v2}
          weight: 10
    - route:
        - destination: {host: ${service}, subset: v1}
`;
    case 1:
      return `${head('networking.istio.io/v1', 'DestinationRule')}  host: ${service}
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 100}, http: {http1MaxPendingRequests: 10}}
    outlierDetection: {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s}
  subsets:
    - name: v1
      labels: {version: v1}
    - name: v2
      labels: {version: v2}
`;
    case 2:
      return `${head('v1', 'Service')}  selector:\n    app: ${service}\n  ports:\n    - name: http\n      port: 8080\n      targetPort: 8080\n`;
    case 3:
      return `${head('security.istio.io/v1', 'AuthorizationPolicy')}  selector: {matchLabels: {app: ${service}}}
  rules:
    - from:
        - source: {principals: [cluster.local/ns/default/sa/client]}
        - source: {namespaces: [team-1]}
      to:
        - operation: {methods: [GET], paths: [/info*]}
      when:
        - key: request.auth.claims[iss]
          values: ["https://accounts.example.com"]
`;
    default:
      return `${head('networking.istio.io/v1', 'WorkloadEntry')}  address: 10.0.${(index >> 8) & 255}.${index & 255}\n  ports:\n    http: 8080\n  labels:\n    app: ${service}\n  serviceAccount: client\n`;
  }
}
