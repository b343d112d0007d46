import type { LogEntry } from '../log-entry.ts';
import type { Operator, OperatorTable, OperatorValue } from './operator.ts';

type Metadata = Readonly<Record<string, unknown>>;

/** Where metadata of each kind is found. */
const sources: Readonly<Record<string, (entry: LogEntry) => Metadata | undefined>> = {
  DYNAMIC: ({ decision, connection }) =>
    decision === null || decision.kind === 'pending' ? (connection.metadata ?? undefined) : decision.outcome.metadata,
  CLUSTER: ({ cluster }) => cluster?.plan.metadata,
  UPSTREAM_HOST: ({ host }) => host?.endpoint.metadata,
  ROUTE: ({ decision }) => (decision === null || decision.kind === 'pending' ? undefined : decision.route?.metadata),
  VIRTUAL_HOST: ({ decision }) => (decision === null || decision.kind === 'pending' ? undefined : decision.virtualHost?.metadata),
  LISTENER_FILTER_CHAIN: ({ origin }) => origin.chain.metadata,
};

/** Operators about metadata: `NAMESPACE:KEY:KEY…`. */
export const metadataOperators: OperatorTable = {
  DYNAMIC_METADATA: (path) => metadata('DYNAMIC', path),
  CLUSTER_METADATA: (path) => metadata('CLUSTER', path),
  UPSTREAM_METADATA: (path) => metadata('UPSTREAM_HOST', path),
  METADATA: (argument) => {
    const colon = argument.indexOf(':');
    return metadata(argument.slice(0, colon), argument.slice(colon + 1));
  },
};

function metadata(kind: string, path: string): Operator {
  const [namespace = '', ...keys] = path.split(':');
  const source = sources[kind];
  if (source === undefined) return () => null;
  return (entry) => {
    let value: unknown = source(entry)?.[namespace];
    for (const key of keys) value = typeof value === 'object' && value !== null ? (value as Metadata)[key] : undefined;
    return value as OperatorValue;
  };
}
