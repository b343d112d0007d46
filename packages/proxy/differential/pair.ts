import { startProxy } from '../src/proxy.ts';
import type { Bootstrap } from '../src/xds/bootstrap.ts';
import { type Running, startEnvoy } from './envoy.ts';
import { freePorts } from './free-ports.ts';

/** Envoy and Weft, each with the same listeners on ports of its own. */
export interface Pair {
  readonly envoy: readonly number[];
  readonly weft: readonly number[];
  stop(): Promise<void>;
}

/** Starts both with `count` listeners, made for each from its ports. */
export async function startPair(
  path: string,
  count: number,
  listeners: (ports: readonly number[]) => readonly object[],
  clusters: readonly object[] = [],
): Promise<Pair> {
  const [envoyAdmin = 0, weftAdmin = 0, ...free] = await freePorts(2 + 2 * count);
  const envoy = free.slice(0, count);
  const weft = free.slice(count);
  const bootstrap = (admin: number, ports: readonly number[]): object => ({
    admin: { address: { socketAddress: { address: '127.0.0.1', portValue: admin } } },
    staticResources: { listeners: listeners(ports), clusters },
  });
  const running: Running[] = [await startEnvoy(path, bootstrap(envoyAdmin, envoy), envoyAdmin)];
  const stop = async (): Promise<void> => {
    for (const one of running) await one.stop();
  };
  try {
    const proxy = await startProxy({ bootstrap: bootstrap(weftAdmin, weft) as Bootstrap, drainTimeMs: 0 });
    running.push(proxy);
    await proxy.ready;
  } catch (error) {
    await stop();
    throw error;
  }
  return { envoy, weft, stop };
}

/** A listener whose connection manager answers every request itself, telling these formats in response headers. */
export function tellingListener(port: number, more: { chain?: object; manager?: object; listener?: object; tells: object }): object {
  const directResponse = { status: 200, body: { inlineString: 'yes' } };
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    statPrefix: 'in',
    // Envoy's second would have to be waited for whenever a connection ends.
    delayedCloseTimeout: '0.1s',
    routeConfig: {
      virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, directResponse }] }],
      responseHeadersToAdd: Object.entries(more.tells).map(([key, value]) => ({ header: { key, value } })),
    },
    httpFilters: [{ name: 'router', typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' } }],
    ...more.manager,
  };
  return {
    name: `on ${port}`,
    address: { socketAddress: { address: '127.0.0.1', portValue: port } },
    ...more.listener,
    filterChains: [{ filters: [{ name: 'http', typedConfig: manager }], ...more.chain }],
  };
}
