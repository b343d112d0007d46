import type { ServiceEntry } from '../../resource/kinds.ts';
import type { SetAnalyzer } from '../analyzer.ts';
import { object, objects, portNumber, strings, text } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { fact, list, nameOf } from '../proof.ts';

interface Declaration {
  readonly entry: ServiceEntry;
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  readonly path: string;
}

const mostNames = 5;

/** ServiceEntries that give one port of one host different protocols; which of them wins is not defined. */
export const serviceEntryProtocolsAnalyzer: SetAnalyzer = {
  name: 'serviceentry.ConflictingServiceEntryProtocolAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze({ set, report }) {
    const byScope = new Map<string, Declaration[]>();
    for (const entry of set.ofKind('ServiceEntry')) {
      for (const declaration of declarationsOf(entry)) {
        for (const scope of scopesOf(entry)) {
          const key = `${scope}/${declaration.host}/${declaration.port}`;
          const known = byScope.get(key);
          if (known) known.push(declaration);
          else byScope.set(key, [declaration]);
        }
      }
    }
    const reported = new Set<ServiceEntry>();
    for (const [key, scoped] of [...byScope].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const slash = key.indexOf('/');
      const declarations = key.slice(0, slash) === '*' ? scoped : [...scoped, ...(byScope.get(`*${key.slice(slash)}`) ?? [])];
      const protocols = [...new Set(declarations.map((declaration) => declaration.protocol))].sort();
      if (protocols.length < 2) continue;
      const names = [...new Set(declarations.map(({ entry }) => nameOf(entry)))].sort();
      const proof = onePerProtocol(declarations).map(({ entry, path, port, protocol }) =>
        fact(entry, path, `protocol of port ${port} is ${protocol}`),
      );
      for (const { entry, host, port, path } of declarations) {
        if (reported.has(entry)) continue;
        reported.add(entry);
        const others = names.slice(0, mostNames + 1).filter((name) => name !== nameOf(entry));
        report({
          type: 'ConflictingServiceEntryProtocol',
          resource: entry,
          path,
          message: `Port ${port} of ${host} is declared as ${protocols.join(' and as ')}${others.length === 0 ? '' : `, here and in ${list(others.slice(0, mostNames))}${names.length > mostNames + 1 ? ' and others' : ''}`}; only one can hold. Agree on one protocol.`,
          proof,
        });
      }
    }
  },
};

/** The first declaration of each protocol: enough to show that they differ. */
function onePerProtocol(declarations: readonly Declaration[]): readonly Declaration[] {
  return [...groupBy(declarations, ({ protocol }) => protocol).values()].flatMap((group) => group.slice(0, 1));
}

function declarationsOf(entry: ServiceEntry): readonly Declaration[] {
  const spec = object(entry.spec);
  return strings(spec.hosts).flatMap((host) =>
    objects(spec.ports).map(([index, port]) => ({
      entry,
      host,
      port: portNumber(port.number) ?? 0,
      protocol: text(port.protocol).toUpperCase(),
      path: `spec.ports[${index}].protocol`,
    })),
  );
}

function scopesOf(entry: ServiceEntry): ReadonlySet<string> {
  const exportTo = strings(object(entry.spec).exportTo);
  if (exportTo.length === 0 || exportTo.includes('*')) return new Set(['*']);
  return new Set(exportTo.map((scope) => (scope === '.' ? entry.ref.namespace : scope)));
}
