import type { RecordFilter } from '../api/agent-api.ts';
import type { TrafficPage, TrafficPeer, TrafficRecord } from '../api/types.ts';
import type { AgentParts } from './agent-parts.ts';
import { isSelected } from './counts.ts';

/** The newest records that match. */
export function readRecords(parts: AgentParts, filter: RecordFilter): TrafficPage {
  const records = parts.records.find((record) => matchesFilter(record, filter), filter.limit);
  return {
    records,
    kept: parts.records.size,
    since: parts.records.since,
    empty:
      records.length > 0
        ? null
        : parts.records.size > 0
          ? { kind: 'filtered-out', message: 'No recent request matches.', hint: 'Loosen the filter.' }
          : {
              kind: 'no-traffic',
              message: 'No request was recorded yet.',
              hint: 'Records come from the proxies a moment after each request.',
            },
  };
}

/** Whether a record passes a filter. */
export function matchesFilter(record: TrafficRecord, filter: RecordFilter): boolean {
  const { source, destination } = record;
  if (!isSelected(filter.namespaces, source.namespace) && !isSelected(filter.namespaces, destination.namespace)) return false;
  if (filter.reporter !== null && record.reporter !== filter.reporter) return false;
  if (filter.refusedOnly && record.refusedBy === null) return false;
  if (filter.source !== null && !isPeer(source, filter.source)) return false;
  if (filter.destination !== null && !isPeer(destination, filter.destination) && !isService(record, filter.destination)) return false;
  if (filter.service !== null && !isService(record, filter.service)) return false;
  if (filter.method !== null && record.method !== filter.method.toUpperCase()) return false;
  if (filter.pathContains !== null && !record.path.includes(filter.pathContains)) return false;
  if (filter.code !== null && !isCode(record, filter.code)) return false;
  return filter.flag === null || record.flags.includes(filter.flag) || (filter.flag === '-' && record.flags.length === 0);
}

function isPeer({ namespace, workload, app }: TrafficPeer, wanted: string): boolean {
  return [workload, app, `${namespace}/${workload}`, `${namespace}/${app}`].includes(wanted);
}

function isService({ service }: TrafficRecord, wanted: string): boolean {
  return (
    service === wanted ||
    service.startsWith(`${wanted}.`) ||
    `${service.split('.')[1]}/${service}` === wanted ||
    `${service.split('.')[1]}/${service.split('.')[0]}` === wanted
  );
}

function isCode({ code, grpcStatus }: TrafficRecord, wanted: string): boolean {
  if (wanted === '-') return code === 0;
  const pattern = /^([1-5])xx$/i.exec(wanted);
  return pattern ? Math.floor(code / 100) === Number(pattern[1]) : String(code) === wanted || String(grpcStatus) === wanted;
}
