import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runClient } from './machine.ts';

/** The headers of a usual request between services; with those of the client itself about 450 bytes. */
const requestHeaders: readonly string[] = [
  'authorization: Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJib2IifQ.signature',
  'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'accept: application/json',
  'accept-encoding: gzip, deflate, br',
  'user-agent: bench/1.0',
  'x-tenant: blue',
];

/** Path of the request that only the last route takes. */
export const requestPath = '/api/reviews/42?full=1';

interface WrkOptions {
  readonly connections: number;
  readonly path?: string;
  readonly headers?: readonly string[];
  /** A script for requests that wrk's options cannot say. */
  readonly script?: string;
}

/** Loads a port with wrk and answers the number of requests done; any that failed is an error. */
export function wrk(port: number, seconds: number, options: WrkOptions): number {
  const headers = [...requestHeaders, ...(options.headers ?? [])].flatMap((header) => ['-H', header]);
  const script = options.script === undefined ? [] : ['-s', options.script];
  const url = `http://127.0.0.1:${port}${options.path ?? requestPath}`;
  const output = runClient('wrk', ['-t1', `-c${options.connections}`, `-d${seconds}s`, ...script, ...headers, url]);
  if (/Non-2xx/.test(output)) throw new Error(`port ${port} answered errors:\n${output}`);
  return Number(/(\d+) requests in/.exec(output)?.[1] ?? 0);
}

/** A wrk script that posts a body of this size. */
export function uploadScript(directory: string, bytes: number): string {
  const file = join(directory, `upload-${bytes}.lua`);
  writeFileSync(file, `wrk.method = "POST"\nwrk.body = string.rep("x", ${bytes})\n`);
  return file;
}

/** Loads a port with unary calls of 64 bytes over HTTP/2 (16 connections, 10 streams each) and answers the number of calls done. */
export function h2load(port: number, seconds: number, directory: string): number {
  const body = join(directory, 'grpc-body');
  writeFileSync(body, 'x'.repeat(64));
  const headers = ['content-type: application/grpc', 'te: trailers', ...requestHeaders.slice(0, 2)].flatMap((header) => ['-H', header]);
  const shape = ['-t1', '-c16', '-m10', `-D${seconds}`, '-d', body, ...headers];
  const output = runClient('h2load', [...shape, `http://127.0.0.1:${port}/bench.Echo/Say`]);
  const counts = /(\d+) succeeded, (\d+) failed, (\d+) errored/.exec(output);
  const succeeded = Number(/status codes: (\d+) 2xx/.exec(output)?.[1] ?? 0);
  if (counts === null || succeeded === 0) throw new Error(`port ${port} answered no call:\n${output}`);
  return succeeded;
}
