import { execFile } from 'node:child_process';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { loadGrpc, loadHttp, loadHttps } from '../io/load-library.ts';

/** `readinessProbe` of a proxy's configuration: how the application beside it is asked whether it is well. */
export interface ReadinessProbe {
  readonly initialDelaySeconds?: number;
  readonly timeoutSeconds?: number;
  readonly periodSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
  readonly httpGet?: HttpGet;
  readonly tcpSocket?: { readonly host?: string; readonly port: number };
  readonly exec?: { readonly command: readonly string[] };
  readonly grpc?: { readonly port: number; readonly service?: string };
}

interface HttpGet {
  readonly path?: string;
  readonly host?: string;
  readonly port: number;
  readonly scheme?: string;
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
}

const defaultTimeoutSeconds = 1;
const loopback = 'localhost';
const servingAnswer = Buffer.from([0x08, 0x01]);

/** Asks once; null when the application is well, else what is wrong. */
export function ask(probe: ReadinessProbe): Promise<string | null> {
  const timeoutMs = (probe.timeoutSeconds || defaultTimeoutSeconds) * 1000;
  if (probe.httpGet) return askHttp(probe.httpGet, timeoutMs);
  if (probe.tcpSocket) return askTcp(probe.tcpSocket, timeoutMs);
  if (probe.exec) return askCommand(probe.exec, timeoutMs);
  if (probe.grpc) return askGrpc(probe.grpc, timeoutMs);
  return Promise.resolve('the probe names nothing to ask');
}

function askHttp({ path = '', host, port, scheme, httpHeaders = [] }: HttpGet, timeoutMs: number): Promise<string | null> {
  const headers: Record<string, string> = { 'user-agent': 'istio-probe/1.0' };
  for (const { name, value } of httpHeaders) headers[name.toLowerCase()] = value;
  const options = {
    host: host || loopback,
    port,
    headers,
    path: path.startsWith('/') ? path : `/${path}`,
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
  };
  return new Promise((resolve) => {
    const judge = (response: IncomingMessage): void => {
      response.destroy();
      const { statusCode = 0 } = response;
      resolve(statusCode >= 200 && statusCode < 400 ? null : `status ${statusCode}, expected 200 to 399`);
    };
    const isTls = scheme?.toLowerCase() === 'https';
    // As Kubernetes and Istio do: whose certificate it is does not matter to a probe.
    const request = isTls ? loadHttps().get({ ...options, rejectUnauthorized: false }, judge) : loadHttp().get(options, judge);
    request.on('error', ({ name, message }) => resolve(name === 'AbortError' ? `no answer within ${timeoutMs} ms` : message));
  });
}

function askTcp({ host, port }: { host?: string; port: number }, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: host || loopback, port, timeout: timeoutMs });
    const end = (problem: string | null): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.on('connect', () => end(null));
    socket.on('timeout', () => end(`no connection within ${timeoutMs} ms`));
    socket.on('error', ({ message }) => end(message));
  });
}

function askCommand({ command: [file, ...args] }: { command: readonly string[] }, timeoutMs: number): Promise<string | null> {
  if (file === undefined) return Promise.resolve('the probe names no command');
  return new Promise((resolve) => {
    execFile(file, args, { timeout: timeoutMs, killSignal: 'SIGKILL' }, (error) => {
      resolve(error === null ? null : error.killed ? `the command took longer than ${timeoutMs} ms` : error.message);
    });
  });
}

function askGrpc({ port, service = '' }: { port: number; service?: string }, timeoutMs: number): Promise<string | null> {
  const grpc = loadGrpc();
  const client = new grpc.Client(`${loopback}:${port}`, grpc.credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  const same = (bytes: Buffer): Buffer => bytes;
  const name = Buffer.from(service);
  const request = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + timeoutMs };
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', same, same, request, options, (error, answer) => {
      client.close();
      if (error) resolve(error.details || error.message);
      else resolve(answer?.subarray(0, 2).equals(servingAnswer) ? null : 'the service is not serving');
    });
  });
}
