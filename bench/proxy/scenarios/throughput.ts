import { compare } from '../compare.ts';
import { h2load, uploadScript, wrk } from '../load.ts';
import { startOrigin } from '../origin.ts';
import { type BenchContext, type HopOptions, oneHop, type PathPlan, startPaths, twoHops } from '../paths.ts';

/** HTTP/1.1 requests answered with 1 KiB, on 48 connections that stay open. */
export async function http1(context: BenchContext, plans: readonly PathPlan[], options: HopOptions, goal: number): Promise<void> {
  const paths = await startPaths(context, plans, await startOrigin(context.bench, 'http1'), options);
  await compare(context, paths, goal, ({ port }, seconds) => wrk(port, seconds, { connections: 48 }));
}

/** One foreign sidecar on either side of ours, against a pair of Envoys. */
export const foreignPairs: readonly PathPlan[] = [
  { name: 'weft+envoy', engines: ['weft', 'envoy'] },
  { name: 'envoy+envoy', engines: ['envoy', 'envoy'] },
];
export const foreignInboundPairs: readonly PathPlan[] = [
  { name: 'envoy+weft', engines: ['envoy', 'weft'] },
  { name: 'envoy+envoy', engines: ['envoy', 'envoy'] },
];

/** Unary calls of 64 bytes over HTTP/2. */
export async function unary(context: BenchContext, plans: readonly PathPlan[], goal: number): Promise<void> {
  const origin = await startOrigin(context.bench, 'http2');
  const paths = await startPaths(context, plans, origin, { protocol: 'http2', work: 'sidecar' });
  await compare(context, paths, goal, ({ port }, seconds) => h2load(port, seconds, context.bench.directory));
}

/** Bodies of 1 MiB in one direction, on 8 connections. */
export async function bodies(context: BenchContext, isUpload: boolean, isSecure: boolean): Promise<void> {
  const paths = await startPaths(context, isSecure ? twoHops : oneHop, await startOrigin(context.bench, 'http1-large'), {});
  const script = uploadScript(context.bench.directory, 1024 * 1024);
  await compare(context, paths, 1, ({ port }, seconds) =>
    wrk(port, seconds, isUpload ? { connections: 8, script, path: '/upload' } : { connections: 8, path: '/large' }),
  );
}

/** TCP relay: small requests and answers back and forth, or 1 MiB at a time. */
export async function relay(context: BenchContext, isLarge: boolean): Promise<void> {
  const paths = await startPaths(context, oneHop, await startOrigin(context.bench, 'http1-large'), { protocol: 'tcp' });
  await compare(context, paths, 1, ({ port }, seconds) =>
    wrk(port, seconds, isLarge ? { connections: 8, path: '/large' } : { connections: 48 }),
  );
}
