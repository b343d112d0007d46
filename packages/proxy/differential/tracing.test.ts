import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { toJson } from '@bufbuild/protobuf';
import type { KeyValueJson } from '@weft/envoy-api/opentelemetry/proto/common/v1/common_pb';
import { SpanSchema } from '@weft/envoy-api/opentelemetry/proto/trace/v1/trace_pb';
import { startProxy } from '../src/proxy.ts';
import type { Bootstrap } from '../src/xds/bootstrap.ts';
import { type Collector, startCollector } from './collector.ts';
import { findEnvoy, type Running, startEnvoy } from './envoy.ts';
import { freePorts } from './free-ports.ts';
import { type Origin, startOrigin } from './origin.ts';
import type { SeenRequest } from './seen-request.ts';
import { type TracingCase, tracingCases } from './tracing-cases.ts';
import { type TracingPorts, tracingBootstrap, tracingSetups } from './tracing-setups.ts';

const envoy = findEnvoy();

interface Side {
  readonly ports: TracingPorts;
  readonly origin: Origin;
  readonly collector: Collector;
  readonly proxy: Running;
}

/** What one side did, with ids named by where they first appear. */
interface Observation {
  readonly status: number;
  readonly decorator: string | null;
  readonly upstream: readonly string[];
  readonly spans: readonly object[];
}

describe('Weft traces as Envoy does', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
  concurrency: 1,
}, () => {
  let ours: Side;
  let theirs: Side;

  before(async () => {
    ours = await startSide((ports) => startProxy({ bootstrap: tracingBootstrap(ports) as Bootstrap, drainTimeMs: 0 }));
    theirs = await startSide((ports) => startEnvoy(envoy ?? '', tracingBootstrap(ports), ports.admin));
  });

  after(async () => {
    for (const side of [ours, theirs]) {
      side?.collector.stop();
      side?.origin.stop();
      await side?.proxy.stop();
    }
  });

  for (const each of tracingCases) {
    test(`${each.setup} ${each.path} ${JSON.stringify(each.headers ?? {})}`, async () => {
      const [weft, reference] = await Promise.all([observe(ours, each), observe(theirs, each)]);
      assert.deepEqual(weft, reference);
    });
  }
});

async function startSide(start: (ports: TracingPorts) => Promise<Running>): Promise<Side> {
  const [origin, collector] = await Promise.all([startOrigin(), startCollector()]);
  const names = Object.keys(tracingSetups);
  const [admin = 0, dead = 0, ...free] = await freePorts(names.length + 2);
  const listeners = Object.fromEntries(names.map((name, index) => [name, free[index] ?? 0]));
  const ports = { admin, dead, origin: origin.port, collectorGrpc: collector.grpcPort, collectorHttp: collector.httpPort, listeners };
  return { ports, origin, collector, proxy: await start(ports) };
}

/** Tags that tell a span to be the last one of its request. */
const markerPath = '/marker';

async function observe(side: Side, each: TracingCase): Promise<Observation> {
  const names = new Names(side);
  const answer = await get(side, each.setup, each.path, each.headers ?? {});
  // A marker that is always traced follows: once its span is here, those of the case are.
  const marker = tracingSetups[each.setup]?.tracing === tracingSetups.off?.tracing ? 'server' : each.setup;
  await get(side, marker, markerPath, { 'x-client-trace-id': 'marker' });
  const spans = await spansUntilMarker(side);
  const seen = side.origin.take().filter(({ url }) => url !== markerPath);
  // A request and its mirror arrive in any order.
  if (each.path === '/mirror') seen.sort((a, b) => (sampledFlag(a) < sampledFlag(b) ? -1 : 1));
  const upstream = seen.map(({ url, headers }) => {
    const told: string[] = [];
    for (let i = 0; i < headers.length; i += 2) {
      const name = (headers[i] ?? '').toLowerCase();
      if (propagated.test(name)) told.push(`${name}: ${names.of(headers[i + 1] ?? '')}`);
    }
    return `${url} ${told.sort().join(' | ')}`;
  });
  return { status: answer.status, decorator: answer.decorator, upstream: upstream.sort(), spans: spans.map((span) => names.inSpan(span)) };
}

function sampledFlag({ headers }: SeenRequest): string {
  return (headers[headers.indexOf('traceparent') + 1] ?? '').slice(-2);
}

const propagated = /^(traceparent|tracestate|b3|x-b3-.*|x-request-id|x-client-trace-id|x-envoy-decorator-operation)$/;

function get(side: Side, setup: string, path: string, headers: Readonly<Record<string, string>>) {
  const port = side.ports.listeners[setup] ?? 0;
  return new Promise<{ status: number; decorator: string | null }>((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, headers: { host: 'shop.test', ...headers }, agent: false }, (response) => {
      response.resume();
      const decorator = response.headers['x-envoy-decorator-operation'];
      response.on('end', () => resolve({ status: response.statusCode ?? 0, decorator: typeof decorator === 'string' ? decorator : null }));
    });
    call.on('error', reject);
    call.end();
  });
}

interface PlainSpan {
  readonly [field: string]: unknown;
  readonly tags: Readonly<Record<string, string>>;
}

async function spansUntilMarker(side: Side): Promise<PlainSpan[]> {
  for (let tries = 0; tries < 400; tries++) {
    const spans = [...otlpSpans(side.collector), ...side.collector.zipkin.map((span) => ({ ...span }))];
    if (spans.some((span) => span.tags['http.url']?.endsWith(markerPath))) {
      side.collector.traces.length = 0;
      side.collector.zipkin.length = 0;
      return spans.filter((span) => !span.tags['http.url']?.endsWith(markerPath));
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('no span of the marker came');
}

function otlpSpans(collector: Collector): PlainSpan[] {
  const spans = collector.traces.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  );
  return spans.map((span) => {
    const { attributes = [], traceId, spanId, parentSpanId, ...rest } = toJson(SpanSchema, span);
    const hex = (id: string | undefined): string => Buffer.from(id ?? '', 'base64').toString('hex');
    return { ...rest, traceId: hex(traceId), id: hex(spanId), parentId: hex(parentSpanId), tags: textTags(attributes) };
  });
}

function textTags(attributes: readonly KeyValueJson[]): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key ?? '', value?.stringValue ?? '']));
}

const timeFields = new Set(['startTimeUnixNano', 'endTimeUnixNano', 'timestamp', 'duration', 'annotations']);

/** Replaces random ids by the order in which they appear, and ports by their names. */
class Names {
  #names: Map<string, string> = new Map();
  #side: Side;

  constructor(side: Side) {
    this.#side = side;
  }

  of(text: string): string {
    const { ports } = this.#side;
    const plain = text.replaceAll(String(ports.origin), 'ORIGIN').replaceAll(String(ports.dead), 'DEAD');
    return plain.replace(
      /[0-9a-f]{8}-[0-9a-f]{4}-(.)[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16}(?:[0-9a-f]{16})?/g,
      (id, digit?: string) => {
        const kind = digit === undefined ? `id${id.length}` : `uuid${digit}`;
        let name = this.#names.get(id);
        if (name === undefined) {
          name = `${kind}#${this.#names.size}`;
          this.#names.set(id, name);
        }
        return name;
      },
    );
  }

  inSpan(span: PlainSpan): object {
    const named = (value: unknown): unknown => {
      if (typeof value === 'string') return this.of(value);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, inner]) => [key, named(inner)]),
      );
    };
    return named(Object.fromEntries(Object.entries(span).filter(([field]) => !timeFields.has(field)))) as object;
  }
}
