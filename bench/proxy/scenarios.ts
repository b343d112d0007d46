import type { BenchContext } from './paths.ts';
import { oneHop, twoHops } from './paths.ts';
import { handshakes, plainConnections } from './scenarios/connections.ts';
import { openLoopLatency } from './scenarios/latency.ts';
import { memory } from './scenarios/memory.ts';
import { bodies, foreignInboundPairs, foreignPairs, http1, relay, unary } from './scenarios/throughput.ts';

/** One thing that is measured. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  run(context: BenchContext): Promise<void>;
}

const sidecar = { work: 'sidecar' } as const;

export const scenarios: readonly Scenario[] = [
  { name: 'http1-bare', title: 'HTTP/1.1, 1 KiB, no work', run: (context) => http1(context, oneHop, {}, 1.5) },
  { name: 'http1-sidecar', title: "HTTP/1.1, 1 KiB, a sidecar's full work", run: (context) => http1(context, oneHop, sidecar, 1.5) },
  {
    name: 'pair-mtls',
    title: 'HTTP/1.1 through two sidecars with mTLS, full work',
    run: (context) => http1(context, twoHops, sidecar, 1.5),
  },
  { name: 'foreign-inbound', title: 'Weft outbound, Envoy inbound, mTLS', run: (context) => http1(context, foreignPairs, sidecar, 1) },
  {
    name: 'foreign-outbound',
    title: 'Envoy outbound, Weft inbound, mTLS',
    run: (context) => http1(context, foreignInboundPairs, sidecar, 1),
  },
  { name: 'unary', title: 'Unary calls over HTTP/2, full work', run: (context) => unary(context, oneHop, 1.5) },
  {
    name: 'unary-pair-mtls',
    title: 'Unary calls through two sidecars with mTLS, full work',
    run: (context) => unary(context, twoHops, 1.5),
  },
  { name: 'download', title: '1 MiB answers', run: (context) => bodies(context, false, false) },
  { name: 'upload', title: '1 MiB requests', run: (context) => bodies(context, true, false) },
  { name: 'download-mtls', title: '1 MiB answers through two sidecars with mTLS', run: (context) => bodies(context, false, true) },
  { name: 'upload-mtls', title: '1 MiB requests through two sidecars with mTLS', run: (context) => bodies(context, true, true) },
  { name: 'connections', title: 'A new connection for each request', run: plainConnections },
  { name: 'handshakes-tls', title: 'A full TLS handshake for each request', run: (context) => handshakes(context, false, 'full') },
  { name: 'handshakes-mtls', title: 'A full mutual TLS handshake for each request', run: (context) => handshakes(context, true, 'full') },
  {
    name: 'resumptions-mtls',
    title: 'A resumed mutual TLS session for each request',
    run: (context) => handshakes(context, true, 'resumed'),
  },
  { name: 'latency', title: 'Latency added by two mTLS sidecars at 1,000 requests per second', run: openLoopLatency },
  { name: 'memory', title: 'Resident memory', run: memory },
  { name: 'relay-small', title: 'TCP relay, 0.5 KiB out and 1 KiB back', run: (context) => relay(context, false) },
  { name: 'relay-large', title: 'TCP relay, 1 MiB back', run: (context) => relay(context, true) },
];
