import { webcrypto, X509Certificate } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type * as grpc from '@grpc/grpc-js';
import type { SecretPlan } from '@weft/core/plan/tls-plan';
import {
  IstioCertificateRequestSchema,
  type IstioCertificateResponse,
  IstioCertificateResponseSchema,
} from '@weft/envoy-api/istio/v1/auth/ca_pb';
import { loadGrpc, loadX509 } from '../io/load-library.ts';
import type { SecretStore } from './secret-store.ts';

/** How a proxy gets its certificate. */
export interface IdentityOptions {
  /** gRPC target of the certificate authority. */
  readonly caAddress: string;
  readonly caCredentials: grpc.ChannelCredentials;
  /** The bearer token that proves who asks; read for each request. */
  readonly token: () => Promise<string>;
  /** SPIFFE id to ask for (the authority decides by the token). */
  readonly spiffeId: string;
  /** Wished lifetime in seconds. */
  readonly lifetimeSeconds: number;
}

/** The certificate in use. */
export interface CertificateStatus {
  readonly spiffeId: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

const method = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
const firstRetryMs = 250;
const longestRetryMs = 10_000;

/** A proxy's own identity: makes a key, has it certified, renews it at half of its life, and offers it as secrets `default` and `ROOTCA`. */
export class WorkloadIdentity {
  #options: IdentityOptions;
  #secrets: SecretStore;
  #log: (level: 'warn' | 'info' | 'debug', message: string) => void;
  #client: grpc.Client;
  #timer: NodeJS.Timeout | null = null;
  #retryMs = firstRetryMs;
  #isStopped = false;
  #status: CertificateStatus | null = null;
  #onFirst: (() => void)[] = [];

  constructor(options: IdentityOptions, secrets: SecretStore, log: (level: 'warn' | 'info' | 'debug', message: string) => void) {
    this.#options = options;
    this.#secrets = secrets;
    this.#log = log;
    this.#client = new (loadGrpc().Client)(options.caAddress, options.caCredentials, { 'grpc.max_reconnect_backoff_ms': 2000 });
  }

  get status(): CertificateStatus | null {
    return this.#status;
  }

  start(): void {
    void this.#renew();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#client.close();
  }

  /** Resolves once there is a certificate. */
  ready(): Promise<void> {
    if (this.#status !== null) return Promise.resolve();
    return new Promise((resolve) => this.#onFirst.push(resolve));
  }

  /** Renews now, whatever the certificate's age. */
  async rotate(): Promise<void> {
    await this.#renew();
  }

  async #renew(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    try {
      const { key, csr } = await makeRequest(this.#options.spiffeId);
      const chain = await this.#sign(csr);
      if (this.#isStopped) return;
      this.#use(key, chain);
      this.#retryMs = firstRetryMs;
    } catch (error) {
      if (this.#isStopped) return;
      this.#log('info', `no certificate from ${this.#options.caAddress} yet: ${error instanceof Error ? error.message : String(error)}`);
      const delay = this.#retryMs * (0.5 + Math.random());
      this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
      this.#timer = setTimeout(() => void this.#renew(), delay);
    }
  }

  async #sign(csr: string): Promise<readonly string[]> {
    const metadata = new (loadGrpc().Metadata)();
    metadata.set('authorization', `Bearer ${await this.#options.token()}`);
    const request = create(IstioCertificateRequestSchema, { csr, validityDuration: BigInt(this.#options.lifetimeSeconds) });
    const bytes = Buffer.from(toBinary(IstioCertificateRequestSchema, request));
    const answer = await new Promise<IstioCertificateResponse>((resolve, reject) => {
      const deadline = new Date(Date.now() + 10_000);
      this.#client.makeUnaryRequest<Buffer, IstioCertificateResponse>(
        method,
        (value) => value,
        (value) => fromBinary(IstioCertificateResponseSchema, value),
        bytes,
        metadata,
        { deadline },
        (error, value) => (error !== null || value === undefined ? reject(error ?? new Error('empty answer')) : resolve(value)),
      );
    });
    if (answer.certChain.length < 2) throw new Error('the certificate authority answered an incomplete chain');
    return answer.certChain;
  }

  #use(key: string, chain: readonly string[]): void {
    const certificate = new X509Certificate(chain[0] ?? '');
    const notBefore = Date.parse(certificate.validFrom);
    const notAfter = Date.parse(certificate.validTo);
    const roots = chain[chain.length - 1] ?? '';
    const isFirst = this.#status === null;
    this.#status = { spiffeId: this.#options.spiffeId, notBefore, notAfter };
    this.#secrets.provide(validationSecret(roots));
    this.#secrets.provide(certificateSecret(key, chain.slice(0, -1).join('')));
    if (isFirst) for (const resolve of this.#onFirst.splice(0)) resolve();
    // Half of the life, a hundredth more or less so that a mesh does not renew in step.
    const delay = Math.max(1000, (notAfter - Date.now()) * (0.49 + Math.random() * 0.02));
    this.#timer = setTimeout(() => void this.#renew(), Math.min(delay, longestTimerMs));
  }
}

const longestTimerMs = 2 ** 31 - 1;

async function makeRequest(spiffeId: string): Promise<{ key: string; csr: string }> {
  const x509 = loadX509();
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const provider = webcrypto as unknown as Crypto;
  const keys = await provider.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const names = new x509.SubjectAlternativeNameExtension([{ type: 'url', value: spiffeId }], true);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: algorithm, extensions: [names] }, provider);
  const exported = Buffer.from(await provider.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const lines = exported.match(/.{1,64}/g) ?? [];
  return { key: `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`, csr: `${request.toString('pem')}\n` };
}

function certificateSecret(key: string, chain: string): SecretPlan {
  return {
    name: 'default',
    kind: 'certificate',
    certificate: { certificateChain: inline(chain), privateKey: inline(key), pkcs12: null, password: null },
  };
}

function validationSecret(roots: string): SecretPlan {
  return {
    name: 'ROOTCA',
    kind: 'validation',
    context: {
      trustedCa: inline(roots),
      crl: null,
      subjectAltNames: [],
      certificateHashes: [],
      certificateSpki: [],
      allowExpired: false,
      acceptUntrusted: false,
      requireSignedCertificateTimestamp: false,
      systemRoots: false,
      spiffe: null,
    },
  };
}

function inline(text: string): { kind: 'inline'; bytes: Uint8Array } {
  return { kind: 'inline', bytes: Buffer.from(text) };
}
