import type { HttpContext } from '../http/exchange-view.ts';
import type { TlsContexts } from '../identity/tls-contexts.ts';
import type { NetworkAuthorization } from '../tcp/network-authorization.ts';
import type { TcpProxyContext } from '../tcp/tcp-context.ts';
import type { LimitEnvironment } from './chain-limits.ts';
import type { ConnectionLimits } from './connection-limits.ts';

/** What a listener uses of the proxy it belongs to. */
export interface ListenerEnvironment {
  readonly http: HttpContext;
  readonly tcp: TcpProxyContext;
  readonly authorization: NetworkAuthorization;
  readonly tlsContexts: TlsContexts;
  readonly nextConnectionId: () => number;
  readonly log: (level: 'warn' | 'info' | 'debug', message: string) => void;
  readonly limits: ConnectionLimits;
  readonly chainLimits: LimitEnvironment;
  readonly reusePort: boolean;
}
