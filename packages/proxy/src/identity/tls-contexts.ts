import { constants, randomBytes, X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import type { PeerCertificate } from '@weft/core/plan/facts';
import type {
  CommonTlsPlan,
  DataSourcePlan,
  DownstreamTlsPlan,
  TlsCertificatePlan,
  UpstreamTlsPlan,
  ValidationContextPlan,
} from '@weft/core/plan/tls-plan';
import { identityOf } from './peer-certificate.ts';
import { readData } from './read-data.ts';
import type { SecretStore } from './secret-store.ts';
import { type CertificatePair, contextFingerprint, ServerCertificates, ticketKeys } from './server-certificates.ts';
import { bundleBytes } from './spiffe-trust.ts';
import type { PeerValidation } from './verify-peer.ts';

/** TLS as a server, ready to use. */
export interface TlsServerContext {
  readonly certificates: ServerCertificates;
  readonly asksForCertificate: boolean;
  /** Null when what clients show is not judged. */
  readonly validation: PeerValidation | null;
  readonly plan: DownstreamTlsPlan;
  /** Our certificate where there is only one; null where the handshake chooses. */
  readonly certificate: PeerCertificate | null;
}

/** A session to resume, with the certificate its peer showed: OpenSSL's client keeps none of the chain when it resumes. */
export interface RememberedSession {
  readonly session: Buffer;
  readonly certificate: X509Certificate | null;
}

/** TLS as a client, ready to use; remembers sessions per host for resumption. */
export class TlsClientContext {
  readonly secureContext: tls.SecureContext;
  readonly validation: PeerValidation | null;
  #sessions: Map<string, RememberedSession> = new Map();
  #maxSessions: number;

  constructor(secureContext: tls.SecureContext, validation: PeerValidation | null, maxSessions: number) {
    this.secureContext = secureContext;
    this.validation = validation;
    this.#maxSessions = maxSessions;
  }

  session(address: string, sni: string): RememberedSession | null {
    return this.#sessions.get(`${address} ${sni}`) ?? null;
  }

  rememberSession(address: string, sni: string, remembered: RememberedSession): void {
    if (this.#maxSessions === 0) return;
    if (this.#sessions.size >= rememberedSessions) this.#sessions.clear();
    this.#sessions.set(`${address} ${sni}`, remembered);
  }
}

const rememberedSessions = 256;

/** Makes TLS contexts of plans and secrets, and keeps them until a secret or the plan changes. */
export class TlsContexts {
  #secrets: SecretStore;
  #servers: WeakMap<DownstreamTlsPlan, { version: string; context: TlsServerContext }> = new WeakMap();
  #clients: WeakMap<UpstreamTlsPlan, { version: string; context: TlsClientContext }> = new WeakMap();

  #sessionSecret: Uint8Array;

  /** `sessionSecret` is shared by those who should resume each other's sessions: the workers of one process. */
  constructor(secrets: SecretStore, sessionSecret: Uint8Array = randomBytes(32)) {
    this.#secrets = secrets;
    this.#sessionSecret = sessionSecret;
  }

  /** Null while a secret is missing or cannot be used: such a chain must not serve. */
  server(plan: DownstreamTlsPlan): TlsServerContext | null {
    const version = this.#version(plan);
    const known = this.#servers.get(plan);
    if (known !== undefined && known.version === version) return known.context;
    const material = this.#material(plan);
    if (material === null || material.certificates.length === 0) return null;
    const certificates = this.#serverCertificates(plan, material);
    if (certificates === null) return null;
    const { validation } = material;
    const asksForCertificate = verifiesPeer(validation);
    const context = { certificates, asksForCertificate, validation, plan, certificate: onlyCertificate(material) };
    this.#servers.set(plan, { version, context });
    return context;
  }

  /** Null while a secret is missing or cannot be used. */
  client(plan: UpstreamTlsPlan): TlsClientContext | null {
    const version = this.#version(plan);
    const known = this.#clients.get(plan);
    if (known !== undefined && known.version === version) return known.context;
    const material = this.#material(plan);
    if (material === null) return null;
    const secureContext = this.#orReport(plan, () => tls.createSecureContext(this.#options(plan, material, this.#read(plan, material))));
    if (secureContext === null) return null;
    const context = new TlsClientContext(secureContext, material.validation, plan.maxSessionKeys);
    this.#clients.set(plan, { version, context });
    return context;
  }

  /** What a TLS configuration shows and trusts at this moment; nothing while a secret is missing. */
  pemOf(plan: CommonTlsPlan): { readonly chains: readonly string[]; readonly roots: string } {
    const material = this.#material(plan);
    const roots = material?.validation ? rootsOf(material.validation.context) : null;
    const chains = material?.certificates.flatMap(({ certificateChain }) => readData(certificateChain)?.toString('latin1') ?? []);
    return { chains: chains ?? [], roots: roots ?? '' };
  }

  /** Names of the secrets that a TLS configuration needs. */
  static secretsOf(plan: CommonTlsPlan): readonly string[] {
    const validation = plan.validation;
    const names = [...plan.certificateSecrets];
    if (validation.kind === 'secret' || validation.kind === 'combined') names.push(validation.secret);
    return names;
  }

  #version(plan: CommonTlsPlan): string {
    let version = '';
    for (const name of TlsContexts.secretsOf(plan)) version += `${this.#secrets.versionOf(name)},`;
    return version;
  }

  #material(plan: CommonTlsPlan): Material | null {
    const certificates = [...plan.certificates];
    for (const name of plan.certificateSecrets) {
      const secret = this.#secrets.get(name);
      if (secret?.kind !== 'certificate') return null;
      certificates.push(secret.certificate);
    }
    const validation = this.#validation(plan);
    return validation === undefined ? null : { certificates, validation };
  }

  /** Undefined while its secret is missing. */
  #validation(plan: CommonTlsPlan): PeerValidation | null | undefined {
    const validation = plan.validation;
    if (validation.kind === 'none') return null;
    if (validation.kind === 'inline') return withRoots(validation.context);
    const secret = this.#secrets.get(validation.secret);
    if (secret?.kind !== 'validation') return undefined;
    if (validation.kind === 'secret') return withRoots(secret.context);
    const own = validation.context;
    return withRoots({
      ...secret.context,
      trustedCa: secret.context.trustedCa ?? own.trustedCa,
      crl: secret.context.crl ?? own.crl,
      spiffe: secret.context.spiffe ?? own.spiffe,
      systemRoots: secret.context.systemRoots || own.systemRoots,
      allowExpired: secret.context.allowExpired || own.allowExpired,
      acceptUntrusted: secret.context.acceptUntrusted || own.acceptUntrusted,
      subjectAltNames: [...secret.context.subjectAltNames, ...own.subjectAltNames],
      certificateHashes: [...secret.context.certificateHashes, ...own.certificateHashes],
      certificateSpki: [...secret.context.certificateSpki, ...own.certificateSpki],
    });
  }

  /** One certificate of each kind of key fits in one context; more are chosen among by the name that the client asks for. */
  #serverCertificates(plan: DownstreamTlsPlan, material: Material): ServerCertificates | null {
    return this.#orReport(plan, () => {
      const pairs = this.#read(plan, material);
      const roots = material.validation === null ? null : rootsOf(material.validation.context);
      const keys = ticketKeys(this.#sessionSecret, contextFingerprint(plan, material.validation, { pairs, roots }));
      const session = { sessionIdContext: 'weft', ticketKeys: keys, honorCipherOrder: true, ...sessionOptions(plan) };
      return new ServerCertificates(pairs, (some) => tls.createSecureContext({ ...this.#options(plan, material, some), ...session }));
    });
  }

  #options(plan: CommonTlsPlan, { validation }: Material, pairs: readonly CertificatePair[]): tls.SecureContextOptions {
    const roots = validation === null ? null : rootsOf(validation.context);
    const crl = validation === null ? undefined : readPem(validation.context.crl, 'revocation lists');
    return {
      ...(pairs.length > 0 ? { key: pairs.map(({ key }) => key), cert: pairs.map(({ cert }) => cert) } : {}),
      ...(roots === null ? {} : { ca: roots }),
      ...(crl === undefined ? {} : { crl }),
      minVersion: plan.minVersion,
      maxVersion: plan.maxVersion,
      ...(plan.cipherSuites.length > 0 ? { ciphers: [...tls13Suites, ...plan.cipherSuites.flatMap(suiteNames)].join(':') } : {}),
      ...(plan.curves.length > 0 ? { ecdhCurve: plan.curves.join(':') } : {}),
    };
  }

  /** As Envoy does, an expired certificate is shown nevertheless: peers refuse it, and here it is said why. */
  #read(plan: CommonTlsPlan, { certificates }: Material): CertificatePair[] {
    const pairs = certificates.map(readCertificate);
    for (const { cert } of pairs) {
      const { validToDate, subjectAltName, subject } = new X509Certificate(cert);
      if (validToDate.getTime() < Date.now())
        this.#secrets.reportProblem(plan, `the certificate of ${subjectAltName ?? subject} expired at ${validToDate.toISOString()}`);
    }
    return pairs;
  }

  #orReport<T>(plan: object, make: () => T): T | null {
    try {
      return make();
    } catch (error) {
      this.#secrets.reportProblem(plan, `TLS configuration cannot be used: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }
}

interface Material {
  readonly certificates: readonly TlsCertificatePlan[];
  readonly validation: PeerValidation | null;
}

function onlyCertificate({ certificates }: Material): PeerCertificate | null {
  const [only] = certificates;
  const chain = only === undefined || certificates.length > 1 ? undefined : readData(only.certificateChain);
  return chain === undefined ? null : identityOf(new X509Certificate(chain), true).certificate;
}

/** OpenSSL's list names both versions' suites; Envoy's `cipher_suites` only limits TLS 1.2. */
const tls13Suites = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];

function withRoots(context: ValidationContextPlan): PeerValidation {
  return { context, hasRoots: context.trustedCa !== null || context.systemRoots || context.spiffe !== null };
}

/** Whether anything is asked of a peer's certificate. Else, as Envoy has it, none is asked for, be it required or not. */
function verifiesPeer(validation: PeerValidation | null): boolean {
  if (validation === null) return false;
  const { certificateHashes, certificateSpki } = validation.context;
  return validation.hasRoots || certificateHashes.length > 0 || certificateSpki.length > 0;
}

/** PEM of all trusted roots; null for the system's own, or none. */
function rootsOf({ trustedCa, spiffe }: ValidationContextPlan): string | null {
  if (spiffe !== null) return bundleBytes(spiffe);
  return readPem(trustedCa, 'trusted certificates') ?? null;
}

/** OpenSSL takes an empty text for none given, and then trusts the public authorities: what is configured has to be there. */
function readPem(source: DataSourcePlan | null, what: string): string | undefined {
  const text = readData(source)?.toString('latin1');
  if (text !== undefined && !text.includes('-----BEGIN ')) throw new Error(`want ${what} as PEM, got none`);
  return text;
}

/** Envoy groups suites of equal preference in brackets; OpenSSL has no such groups for servers. */
function suiteNames(suite: string): string[] {
  return suite.replace(/^\[|\]$/g, '').split('|');
}

function sessionOptions(plan: DownstreamTlsPlan): { secureOptions?: number } {
  return plan.disableStatelessSessionResumption ? { secureOptions: constants.SSL_OP_NO_TICKET } : {};
}

function readCertificate(plan: TlsCertificatePlan): CertificatePair {
  const key = readData(plan.privateKey);
  const cert = readData(plan.certificateChain);
  if (key === undefined || cert === undefined) throw new Error('a TLS certificate needs a certificate chain and a private key');
  return { key, cert };
}
