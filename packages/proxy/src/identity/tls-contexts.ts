import { createHash, X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import type { PeerCertificate } from '@weft/core/plan/facts';
import type {
  CommonTlsPlan,
  DownstreamTlsPlan,
  TlsCertificatePlan,
  UpstreamTlsPlan,
  ValidationContextPlan,
} from '@weft/core/plan/tls-plan';
import { identityOf, parseSubjectAltNames } from './peer-certificate.ts';
import { readData } from './read-data.ts';
import type { SecretStore } from './secret-store.ts';

/** How a peer is judged, with its trust roots resolved. Null roots: nothing is verified. */
export interface PeerValidation {
  readonly context: ValidationContextPlan;
  readonly hasRoots: boolean;
}

/** TLS as a server, ready to use. */
export interface TlsServerContext {
  readonly secureContext: tls.SecureContext;
  /** Null when clients are not asked for a certificate. */
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

  constructor(secrets: SecretStore) {
    this.#secrets = secrets;
  }

  /** Null while a secret is missing or cannot be used: such a chain must not serve. */
  server(plan: DownstreamTlsPlan): TlsServerContext | null {
    const version = this.#version(plan);
    const known = this.#servers.get(plan);
    if (known !== undefined && known.version === version) return known.context;
    const material = this.#material(plan);
    if (material === null || material.certificates.length === 0) return null;
    const secureContext = this.#secureContext(plan, material, true);
    if (secureContext === null) return null;
    const asksForCertificate = plan.requireClientCertificate || material.validation?.hasRoots === true;
    const context = {
      secureContext,
      validation: asksForCertificate ? material.validation : null,
      plan,
      certificate: onlyCertificate(material),
    };
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
    const secureContext = this.#secureContext(plan, material, false);
    if (secureContext === null) return null;
    const context = new TlsClientContext(secureContext, material.validation, plan.maxSessionKeys);
    this.#clients.set(plan, { version, context });
    return context;
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
      subjectAltNames: [...secret.context.subjectAltNames, ...own.subjectAltNames],
      certificateHashes: [...secret.context.certificateHashes, ...own.certificateHashes],
      certificateSpki: [...secret.context.certificateSpki, ...own.certificateSpki],
    });
  }

  #secureContext(plan: CommonTlsPlan, material: Material, isServer: boolean): tls.SecureContext | null {
    try {
      const first = material.certificates.map(readCertificate);
      const roots = material.validation === null ? undefined : readData(material.validation.context.trustedCa);
      const crl = material.validation === null ? undefined : readData(material.validation.context.crl);
      return tls.createSecureContext({
        ...(first.length > 0 ? { key: first.map((pair) => pair.key), cert: first.map((pair) => pair.cert) } : {}),
        ...(roots === undefined ? {} : { ca: roots.toString('latin1') }),
        ...(crl === undefined ? {} : { crl }),
        minVersion: plan.minVersion === 'TLSv1' && !isServer ? 'TLSv1.2' : plan.minVersion,
        maxVersion: plan.maxVersion,
        ...(plan.cipherSuites.length > 0 ? { ciphers: [...tls13Suites, ...plan.cipherSuites].join(':') } : {}),
        ...(plan.curves.length > 0 ? { ecdhCurve: plan.curves.join(':') } : {}),
        honorCipherOrder: isServer,
        ...(isServer ? { sessionIdContext: 'weft' } : {}),
      });
    } catch (error) {
      this.#secrets.reportUnusable(plan, error instanceof Error ? error.message : String(error));
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
const tls13Suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Judges the certificate that the peer showed in this handshake or the resumed one. Answers null when it is acceptable, else the reason. */
export function checkPeer(
  socket: tls.TLSSocket,
  certificate: X509Certificate | null,
  validation: PeerValidation | null,
  options: { isRequired: boolean },
): string | null {
  if (validation === null) return null;
  if (certificate === null) return options.isRequired ? 'peer did not return a certificate' : null;
  const context = validation.context;
  if (validation.hasRoots && !context.acceptUntrusted) {
    const reason = verificationError(socket);
    if (reason !== null && !(context.allowExpired && reason === 'CERT_HAS_EXPIRED')) return `CERTIFICATE_VERIFY_FAILED: ${reason}`;
  }
  return checkNames(certificate, context);
}

interface WithTlsHandle {
  readonly ssl?: { verifyError?(): (Error & { code?: string }) | null } | null;
}

/** OpenSSL's verdict on the chain. Node sets `authorized` only on sockets made by `tls.connect` and `tls.Server`, so the handle is asked. */
function verificationError(socket: tls.TLSSocket): string | null {
  const { ssl } = socket as unknown as WithTlsHandle;
  if (typeof ssl?.verifyError !== 'function') return socket.authorized ? null : String(socket.authorizationError ?? 'unknown');
  const error = ssl.verifyError();
  return error ? (error.code ?? error.message) : null;
}

/** Judges a certificate's names and hashes. Answers null when they are acceptable, else the reason. */
export function checkNames(certificate: X509Certificate, context: ValidationContextPlan): string | null {
  if (context.subjectAltNames.length > 0 && !matchesSan(certificate, context)) {
    return 'CERTIFICATE_VERIFY_FAILED: verify cert failed: SAN matcher';
  }
  if (context.certificateHashes.length > 0) {
    const hash = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    if (!context.certificateHashes.some((wanted) => wanted.replaceAll(':', '').toLowerCase() === hash)) {
      return 'CERTIFICATE_VERIFY_FAILED: verify cert failed: cert hash and spki';
    }
  }
  if (context.certificateSpki.length > 0) {
    const spki = createHash('sha256')
      .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64');
    if (!context.certificateSpki.includes(spki)) return 'CERTIFICATE_VERIFY_FAILED: verify cert failed: cert hash and spki';
  }
  return null;
}

function matchesSan(certificate: X509Certificate, context: ValidationContextPlan): boolean {
  const names = parseSubjectAltNames(certificate.subjectAltName ?? '');
  return context.subjectAltNames.some(({ type, matcher }) => {
    switch (type) {
      case 'URI':
        return names.uris.some(matcher.matches);
      case 'DNS':
        return names.dns.some((name) => matcher.matches(name) || (matcher.kind === 'exact' && matchesWildcard(name, matcher.value)));
      case 'EMAIL':
        return names.emails.some(matcher.matches);
      case 'IP_ADDRESS':
        return names.ips.some(matcher.matches);
      case 'ANY':
        return [...names.uris, ...names.dns, ...names.emails, ...names.ips].some(matcher.matches);
      default:
        return false;
    }
  });
}

function matchesWildcard(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return false;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot).toLowerCase() === pattern.slice(1).toLowerCase();
}

function withRoots(context: ValidationContextPlan): PeerValidation {
  return { context, hasRoots: context.trustedCa !== null || context.systemRoots };
}

function readCertificate(plan: TlsCertificatePlan): { key: Buffer; cert: Buffer } {
  const key = readData(plan.privateKey);
  const cert = readData(plan.certificateChain);
  if (key === undefined || cert === undefined) throw new Error('a TLS certificate needs a certificate chain and a private key');
  return { key, cert };
}
