import { webcrypto } from 'node:crypto';
import type { SecretJson } from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { requestCertificate } from '../ca/request-certificate.ts';
import type { TokenSubject } from '../ca/tokens.ts';
import type { Log } from '../log.ts';
import { SnapshotEncoder } from '../push/snapshot-encoder.ts';
import type { EncodedSnapshot } from '../xds/types.ts';
import type { SecretHost } from './secret-service.ts';

export interface WorkloadSecretsOptions {
  readonly caAddress: string;
  readonly tokenKey: Uint8Array;
  readonly subject: TokenSubject;
  readonly ttlSeconds: number;
  readonly log: Log;
  readonly now: () => number;
}

const retryMs = 1_000;
/** Share of its life after which a certificate is renewed. */
const renewAt = 0.5;

/** The certificate of one workload as Envoy secrets `default` and `ROOTCA`, renewed at half of its life. */
export class WorkloadSecrets implements SecretHost {
  readonly now: () => number;
  private readonly options: WorkloadSecretsOptions;
  private readonly encoder = new SnapshotEncoder();
  private readonly listeners = new Set<(secrets: EncodedSnapshot) => void>();
  private secrets: EncodedSnapshot | null = null;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;

  constructor(options: WorkloadSecretsOptions) {
    this.options = options;
    this.now = options.now;
  }

  current(): EncodedSnapshot | null {
    return this.secrets;
  }

  subscribe(listener: (secrets: EncodedSnapshot) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Asks for a certificate until there is one, and then again in time. */
  async renew(): Promise<void> {
    const { caAddress, tokenKey, subject, ttlSeconds, log } = this.options;
    let nextMs = ttlSeconds * 1000 * renewAt;
    try {
      const { privateKeyPem, chain } = await requestCertificate({
        address: caAddress,
        tokenKey,
        subject,
        ttlSeconds,
        crypto: webcrypto.subtle,
      });
      this.secrets = this.encoder.encode(
        { clusters: [], endpoints: [], listeners: [], routes: [], secrets: toSecrets(privateKeyPem, chain) },
        0,
      );
      for (const listener of this.listeners) listener(this.secrets);
    } catch (error) {
      log('warn', `no certificate for ${subject.namespace}/${subject.serviceAccount}: ${(error as Error).message}`);
      nextMs = retryMs;
    }
    if (!this.isStopped) this.timer = setTimeout(() => void this.renew(), nextMs);
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
  }
}

function toSecrets(privateKeyPem: string, chain: readonly string[]): readonly SecretJson[] {
  const inline = (text: string) => ({ inlineBytes: Buffer.from(text).toString('base64') });
  return [
    { name: 'ROOTCA', validationContext: { trustedCa: inline(chain.at(-1) ?? '') } },
    { name: 'default', tlsCertificate: { certificateChain: inline(chain.slice(0, -1).join('')), privateKey: inline(privateKeyPem) } },
  ];
}
