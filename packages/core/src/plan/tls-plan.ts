import type { StringMatcher } from './matcher.ts';

/** Bytes that a configuration gives inline or by file; exactly one is set. */
export type DataSourcePlan =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly watchedDirectory: string | null }
  | { readonly kind: 'environment'; readonly variable: string };

/** A certificate chain with its key, both PEM (or PKCS#12). */
export interface TlsCertificatePlan {
  readonly certificateChain: DataSourcePlan | null;
  readonly privateKey: DataSourcePlan | null;
  readonly pkcs12: DataSourcePlan | null;
  readonly password: DataSourcePlan | null;
}

/** A test on one kind of subject alternative name of the peer. */
export interface SanMatcher {
  readonly type: 'URI' | 'DNS' | 'EMAIL' | 'IP_ADDRESS' | 'OTHER_NAME' | 'ANY';
  readonly matcher: StringMatcher;
}

/** How a peer's certificate is judged. */
export interface ValidationContextPlan {
  readonly trustedCa: DataSourcePlan | null;
  readonly crl: DataSourcePlan | null;
  /** Any must match; empty accepts every name. */
  readonly subjectAltNames: readonly SanMatcher[];
  readonly certificateHashes: readonly string[];
  readonly certificateSpki: readonly string[];
  readonly allowExpired: boolean;
  readonly acceptUntrusted: boolean;
  readonly requireSignedCertificateTimestamp: boolean;
  /** Use the system's roots. */
  readonly systemRoots: boolean;
  /** Roots by trust domain, where the SPIFFE validator judges; they stand instead of `trustedCa`. */
  readonly spiffe: readonly TrustDomainPlan[] | null;
}

/** Roots that may vouch for the names of one trust domain. */
export interface TrustDomainPlan {
  readonly trustDomain: string;
  readonly bundle: DataSourcePlan | null;
}

/** Where a validation context comes from; `combined` merges the secret's trust roots with local requirements. */
export type ValidationPlan =
  | { readonly kind: 'none' }
  | { readonly kind: 'inline'; readonly context: ValidationContextPlan }
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'combined'; readonly context: ValidationContextPlan; readonly secret: string };

/** What both directions of TLS share. */
export interface CommonTlsPlan {
  readonly minVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL names; empty for the library's default. */
  readonly cipherSuites: readonly string[];
  readonly curves: readonly string[];
  readonly alpn: readonly string[];
  readonly certificates: readonly TlsCertificatePlan[];
  /** Names of secrets that hold the certificates, in order. */
  readonly certificateSecrets: readonly string[];
  readonly validation: ValidationPlan;
}

/** TLS as a server. */
export interface DownstreamTlsPlan extends CommonTlsPlan {
  readonly requireClientCertificate: boolean;
  readonly requireSni: boolean;
  readonly fullScanCertsOnSniMismatch: boolean;
  readonly disableStatelessSessionResumption: boolean;
}

/** TLS as a client. */
export interface UpstreamTlsPlan extends CommonTlsPlan {
  /** `''` when none is sent. */
  readonly sni: string;
  readonly autoHostSni: boolean;
  readonly autoSniSanValidation: boolean;
  readonly maxSessionKeys: number;
}

/** A secret ready for use. */
export type SecretPlan = { readonly name: string } & (
  | { readonly kind: 'certificate'; readonly certificate: TlsCertificatePlan }
  | { readonly kind: 'validation'; readonly context: ValidationContextPlan }
  | { readonly kind: 'generic'; readonly secret: DataSourcePlan | null }
  | { readonly kind: 'unsupported' }
);
