import { AuthorityForTest } from '../src/identity/certificates-for-test.ts';
import type { Bootstrap } from '../src/xds/bootstrap.ts';
import { ControlPlaneForTest } from '../src/xds/control-plane-for-test.ts';
import { adsBootstrap, edsCluster, endpointsOf, listenerFor, routesTo } from '../src/xds/resources-for-test.ts';
import { OriginForTest } from './origin-for-test.ts';

const tlsType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3';
const inline = (text: string): object => ({ inlineString: text });
const secret = (name: string): object => ({ name, sdsConfig: { ads: {} } });

/** What a retry policy covers: refused, reset, and without an answer in time. */
const retryPolicy = (perTryTimeout: string): object => ({
  retryOn: 'connect-failure,refused-stream,reset,5xx',
  numRetries: 5,
  perTryTimeout,
  retryHostPredicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate' },
    },
  ],
  hostSelectionRetryMaxAttempts: '5',
});

type RunningControl = Awaited<ReturnType<typeof ControlPlaneForTest.start>>;

/** A control plane with two origins, for one proxy whose listener `in` sends everything to them; with TLS on both sides, from secrets by SDS. */
export class MeshForTest {
  readonly origins: readonly OriginForTest[];
  readonly authority: AuthorityForTest;
  readonly isTls: boolean;
  readonly port: number;
  readonly perTryTimeout: string;
  #control: RunningControl;
  #revision = 0;

  private constructor(control: RunningControl, parts: Pick<MeshForTest, 'origins' | 'authority' | 'isTls' | 'port' | 'perTryTimeout'>) {
    this.#control = control;
    this.origins = parts.origins;
    this.authority = parts.authority;
    this.isTls = parts.isTls;
    this.port = parts.port;
    this.perTryTimeout = parts.perTryTimeout;
  }

  /** `port` of the listener; 0 for any. */
  static async start({ isTls = false, port = 0, perTryTimeout = '0.3s' } = {}): Promise<MeshForTest> {
    const authority = await AuthorityForTest.create();
    const tls = isTls ? { pair: await authority.issue({ uris: ['spiffe://test/origin'] }), root: authority.root } : null;
    const origins = [await OriginForTest.start(tls), await OriginForTest.start(tls)];
    const mesh = new MeshForTest(await ControlPlaneForTest.start(), { origins, authority, isTls, port, perTryTimeout });
    await mesh.publishAll();
    return mesh;
  }

  get control(): RunningControl {
    return this.#control;
  }

  bootstrap(apiType = 'DELTA_GRPC'): Bootstrap {
    return adsBootstrap([this.control.port], { apiType });
  }

  /** Goes on with another control plane. */
  moveTo(control: RunningControl): void {
    this.#control = control;
  }

  async publishAll(): Promise<void> {
    if (this.isTls) await this.rotateCertificates();
    for (const kind of ['clusters', 'endpoints', 'listeners', 'routes'] as const) this.change(kind);
  }

  /** A new form of everything of a kind, with the same meaning to those who send requests. */
  change(kind: 'clusters' | 'endpoints' | 'listeners' | 'routes'): void {
    const revision = ++this.#revision;
    if (kind === 'clusters') this.control.set(kind, [this.#cluster(revision)]);
    if (kind === 'endpoints') {
      const ports = this.origins.map((origin) => origin.port);
      this.control.set(kind, [endpointsOf('origin', revision % 2 === 0 ? ports : ports.reverse())]);
    }
    if (kind === 'listeners')
      this.control.set(kind, [{ ...listenerFor('in', 'r', this.#listenerOptions()), statPrefix: `in-${revision}` }]);
    if (kind === 'routes') {
      const headers = [{ header: { key: 'x-revision', value: String(revision) } }];
      this.control.set(kind, [{ ...routesTo('r', 'origin', retryPolicy(this.perTryTimeout)), responseHeadersToAdd: headers }]);
    }
  }

  /** New certificates for both sides of the proxy. */
  async rotateCertificates(livesSeconds = 3600): Promise<void> {
    const pair = async (name: string, uri: string): Promise<object> => {
      const { cert, key } = await this.authority.issue({ uris: [uri], dns: ['in.test'], livesSeconds });
      return { name, tlsCertificate: { certificateChain: inline(cert), privateKey: inline(key) } };
    };
    this.control.set('secrets', [
      await pair('server', 'spiffe://test/server'),
      await pair('client', 'spiffe://test/client'),
      { name: 'root', validationContext: { trustedCa: inline(this.authority.root) } },
    ]);
  }

  async stop(): Promise<void> {
    this.control.stop();
    await Promise.allSettled(this.origins.map((origin) => origin.kill()));
  }

  #listenerOptions(): { port: number; transportSocket?: object } {
    if (!this.isTls) return { port: this.port };
    const commonTlsContext = { tlsCertificateSdsSecretConfigs: [secret('server')] };
    return {
      port: this.port,
      transportSocket: { name: 'tls', typedConfig: { '@type': `${tlsType}.DownstreamTlsContext`, commonTlsContext } },
    };
  }

  #cluster(revision: number): object {
    const circuitBreakers = { thresholds: [{ maxRequests: 10_000 + revision, maxRetries: 1000 }] };
    if (!this.isTls) return edsCluster('origin', { circuitBreakers });
    const commonTlsContext = {
      tlsParams: { tlsMaximumProtocolVersion: 'TLSv1_3' },
      tlsCertificateSdsSecretConfigs: [secret('client')],
      combinedValidationContext: {
        defaultValidationContext: { matchTypedSubjectAltNames: [{ sanType: 'URI', matcher: { exact: 'spiffe://test/origin' } }] },
        validationContextSdsSecretConfig: secret('root'),
      },
    };
    const transportSocket = { name: 'tls', typedConfig: { '@type': `${tlsType}.UpstreamTlsContext`, commonTlsContext } };
    return edsCluster('origin', { circuitBreakers, transportSocket });
  }
}
