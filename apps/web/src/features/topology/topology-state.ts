'use client';

import { parseAsBoolean, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';

const edgeLabels = ['rate', 'errors', 'p50', 'p95', 'p99', 'throughput', 'share', 'none'] as const;
export type EdgeLabel = (typeof edgeLabels)[number];

const graphTypes = ['versionedApp', 'workload', 'app', 'service'] as const;

/** What the page's address says about the graph. */
export function useTopologyState() {
  return useQueryStates({
    graph: parseAsStringLiteral(graphTypes).withDefault('versionedApp'),
    labels: parseAsStringLiteral(edgeLabels).withDefault('rate'),
    view: parseAsStringLiteral(['graph', 'table'] as const).withDefault('graph'),
    motion: parseAsBoolean.withDefault(true),
    idle: parseAsBoolean.withDefault(true),
    boxes: parseAsBoolean.withDefault(true),
    select: parseAsString,
  });
}

/** What is selected: a node or an edge of the graph. */
export type Selection = { readonly kind: 'node' | 'edge'; readonly id: string } | null;

export function parseSelection(text: string | null): Selection {
  if (text === null) return null;
  const [kind, ...rest] = text.split(':');
  const id = rest.join(':');
  return kind === 'node' || kind === 'edge' ? { kind, id } : null;
}
