import type { Analyzer } from './analyzer.ts';

/** Checks beyond Istio's. None of them runs when particular analyzers are asked for, unless it is one of those. */
export const weftAnalyzers: readonly Analyzer[] = [];
