import { experimental, Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { ServerCertificate } from '../ca/server-certificate.ts';

export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface RunningGrpcServer {
  readonly port: number;
  stop(): void;
}

const channelOptions = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_send_message_length': -1,
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
};

/** Serves without encryption: for loopback. */
export function startPlaintextServer(services: readonly GrpcService[], host: string, port: number): Promise<RunningGrpcServer> {
  return start(services, `${bracketed(host)}:${port}`, ServerCredentials.createInsecure());
}

/** Serves TLS; client certificates are asked for but not required, because a caller may bring a token instead. */
export async function startTlsServer(
  services: readonly GrpcService[],
  host: string,
  port: number,
  certificate: () => Promise<ServerCertificate>,
): Promise<RunningGrpcServer> {
  const provider = new RotatingCertificate(certificate);
  await provider.rotate();
  const credentials = experimental.createCertificateProviderServerCredentials(provider, provider, false);
  const server = await start(services, `${bracketed(host)}:${port}`, credentials);
  return {
    port: server.port,
    stop: () => {
      provider.stop();
      server.stop();
    },
  };
}

function start(services: readonly GrpcService[], address: string, credentials: ServerCredentials): Promise<RunningGrpcServer> {
  const server = new Server(channelOptions);
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error) reject(error);
      else resolve({ port, stop: () => server.forceShutdown() });
    });
  });
}

type CaListener = (update: { caCertificate: Buffer } | null) => void;
type IdentityListener = (update: { certificate: Buffer; privateKey: Buffer } | null) => void;

/** Hands grpc-js a new certificate at half the life of the last one. */
class RotatingCertificate {
  private readonly issue: () => Promise<ServerCertificate>;
  private readonly caListeners = new Set<CaListener>();
  private readonly identityListeners = new Set<IdentityListener>();
  private current: ServerCertificate | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(issue: () => Promise<ServerCertificate>) {
    this.issue = issue;
  }

  async rotate(): Promise<void> {
    this.current = await this.issue();
    for (const listener of this.caListeners) this.tellCa(listener);
    for (const listener of this.identityListeners) this.tellIdentity(listener);
    const lifeMs = this.current.notAfter - Date.now();
    this.timer = setTimeout(() => void this.rotate(), Math.max(1_000, lifeMs / 2));
    this.timer.unref();
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.caListeners.add(listener);
    // Later: grpc-js passes on only what comes after it has finished listening.
    queueMicrotask(() => this.tellCa(listener));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.caListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.identityListeners.add(listener);
    queueMicrotask(() => this.tellIdentity(listener));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.identityListeners.delete(listener);
  }

  private tellCa(listener: CaListener): void {
    if (this.current) listener({ caCertificate: this.current.ca });
  }

  private tellIdentity(listener: IdentityListener): void {
    if (this.current) listener({ certificate: this.current.certificate, privateKey: this.current.privateKey });
  }
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);
