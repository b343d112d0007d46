import { AnswerCounts } from './answer-counts.ts';
import type { Counter, DeclaredStats, Histogram, Registry } from './registry.ts';
import type { StatScope } from './stat-scope.ts';
import { TlsStats } from './tls-stats.ts';

/** What may happen at a listener and is counted when it does. */
type ListenerEvent =
  | 'downstream_cx_overflow'
  | 'downstream_cx_transport_socket_connect_timeout'
  | 'downstream_global_cx_overflow'
  | 'downstream_listener_filter_error'
  | 'downstream_listener_filter_remote_close'
  | 'downstream_pre_cx_timeout'
  | 'no_filter_chain_match';

/** Overload management and filters from discovery alone are not done here: what they count stays zero. */
const listenerStats: DeclaredStats<ListenerStats> = {
  counters: [
    'downstream_cx_overflow',
    'downstream_cx_overload_reject',
    'downstream_cx_transport_socket_connect_timeout',
    'downstream_global_cx_overflow',
    'downstream_listener_filter_error',
    'downstream_listener_filter_remote_close',
    'downstream_pre_cx_timeout',
    'extension_config_missing',
    'network_extension_config_missing',
    'no_filter_chain_match',
  ],
  gauges: { downstream_cx_active: ({ active }) => active, downstream_pre_cx_active: ({ inspecting }) => inspecting },
};

/** Stats of one listener, under Envoy's names. */
export class ListenerStats {
  readonly closed: Counter;
  active = 0;
  /** Connections whose first bytes are waited for. */
  inspecting = 0;
  readonly #connections: Counter;
  readonly #workerConnections: Counter;
  readonly #acceptedPerEvent: Histogram;
  readonly #lengthMs: Histogram;
  #registry: Registry;
  readonly scope: StatScope;
  #tls: TlsStats | null = null;
  #answers: Map<string, AnswerCounts> = new Map();

  /** `address` as Envoy names listeners; `worker` the thread that these are of. */
  constructor(registry: Registry, address: string, worker: number) {
    this.#registry = registry;
    this.scope = { prefix: `listener.${address}.`, extractedPrefix: 'listener.', labels: [['envoy.listener_address', address]] };
    registry.declare(this.scope, listenerStats, this);
    this.#connections = registry.counter(this.scope, 'downstream_cx_total');
    this.closed = registry.counter(this.scope, 'downstream_cx_destroy');
    const own = this.#part(`worker_${worker}.`, 'worker.', ['envoy.worker_id', String(worker)]);
    this.#workerConnections = registry.counter(own, 'downstream_cx_total');
    registry.readGauge(own, 'downstream_cx_active', () => this.active);
    this.#acceptedPerEvent = registry.histogram(this.scope, 'connections_accepted_per_socket_event');
    this.#lengthMs = registry.histogram(this.scope, 'downstream_cx_length_ms');
  }

  /** Takes them out of the proxy's stats: no listener of this address is left. */
  forget(): void {
    this.#registry.forgetScope(this.scope);
  }

  countOpened(): void {
    this.active++;
    this.#connections.value++;
    this.#workerConnections.value++;
    // Node tells of every connection by itself.
    this.#acceptedPerEvent.observe(1);
  }

  /** A connection ended after so many milliseconds. */
  countClosed(lifeMs: number): void {
    this.active--;
    this.closed.value++;
    this.#lengthMs.observe(lifeMs);
  }

  count(event: ListenerEvent): void {
    this.#registry.counter(this.scope, event).value++;
  }

  /** Answers of the connection managers with this prefix to what came through this listener. */
  answersOf(statPrefix: string): AnswerCounts {
    let answers = this.#answers.get(statPrefix);
    if (answers === undefined) {
      const scope = this.#part(`http.${statPrefix}.`, 'http.', ['envoy.http_conn_manager_prefix', statPrefix]);
      answers = new AnswerCounts(this.#registry, scope);
      this.#answers.set(statPrefix, answers);
    }
    return answers;
  }

  /** Has the stats of handshakes shown before the first. */
  showTls(): void {
    this.#tls ??= new TlsStats(this.#registry, this.scope, 'server');
  }

  get tls(): TlsStats {
    this.#tls ??= new TlsStats(this.#registry, this.scope, 'server');
    return this.#tls;
  }

  #part(name: string, extractedName: string, label: readonly [string, string]): StatScope {
    const { prefix, extractedPrefix, labels } = this.scope;
    return { prefix: prefix + name, extractedPrefix: extractedPrefix + extractedName, labels: [label, ...labels], owner: prefix };
  }
}
