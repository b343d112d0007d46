import type { TlsFiles } from './tls-files.ts';

/** Wire protocol of a hop's both sides. */
type HopProtocol = 'http1' | 'http2' | 'tcp';

/** What one proxy of a path does: the same for every engine, which each write it in their own configuration language. */
export interface Hop {
  readonly name: string;
  readonly protocol: HopProtocol;
  readonly listenPort: number;
  readonly upstreamPort: number;
  /** Ends mutual TLS from the proxy before it. */
  readonly acceptsTls: boolean;
  /** Starts mutual TLS towards the proxy after it. */
  readonly sendsTls: boolean;
  /** Client certificates are asked for (mutual TLS); plain TLS handshakes go without. */
  readonly requiresClientCertificate: boolean;
  /** `sidecar`: 20 routes, deny and allow rules, metrics, JSON access log, request ids. */
  readonly work: 'bare' | 'sidecar';
  readonly direction: 'INBOUND' | 'OUTBOUND';
  /** Further routes, each with a cluster of its own. */
  readonly extraRoutes: number;
  readonly tls: TlsFiles;
  readonly directory: string;
}
