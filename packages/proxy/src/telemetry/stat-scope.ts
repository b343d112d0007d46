import type { Labels } from './stat-sample.ts';

/** Where the stats of one cluster, listener or filter stand: what comes before their names, and the tags that Envoy makes of it. */
export interface StatScope {
  /** `cluster.orders.` */
  readonly prefix: string;
  /** The same without what became tags: `cluster.`. */
  readonly extractedPrefix: string;
  readonly labels: Labels;
  /** Prefix of the scope that it goes with, where it is a part of another. */
  readonly owner?: string;
}

/** Where the stats of the whole process stand. */
export const rootScope: StatScope = { prefix: '', extractedPrefix: '', labels: [] };

/** A part of a name with the dot that Envoy puts after it; nothing for none. */
export function namePart(part: string): string {
  return part === '' || part.endsWith('.') ? part : `${part}.`;
}

/** The scope of one stat whose name ends in a tag's value: `ssl.versions.TLSv1.3`. */
export function taggedScope(scope: StatScope, group: string, tag: string, value: string): StatScope {
  return {
    prefix: `${scope.prefix}${group}.${value}`,
    extractedPrefix: scope.extractedPrefix + group,
    labels: [[tag, value], ...scope.labels],
    owner: scope.prefix,
  };
}

/** `upstream_rq_5xx` and `upstream_rq_503` are one family each, with the class or the code as a tag. */
export function withoutResponseCode(scope: StatScope, name: string): { labels: Labels; extractedName: string } {
  const byClass = /^(.*_rq_)(\d)xx$/.exec(name);
  if (byClass !== null) {
    const labels: Labels = [['envoy.response_code_class', byClass[2] ?? ''], ...scope.labels];
    return { labels, extractedName: `${scope.extractedPrefix}${byClass[1]}xx` };
  }
  const byCode = /^(.*_rq)_(\d{3})$/.exec(name);
  if (byCode === null) return { labels: scope.labels, extractedName: scope.extractedPrefix + name };
  return { labels: [['envoy.response_code', byCode[2] ?? ''], ...scope.labels], extractedName: `${scope.extractedPrefix}${byCode[1]}` };
}
