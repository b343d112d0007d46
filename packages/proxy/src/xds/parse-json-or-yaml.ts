import { loadYaml } from '../io/load-library.ts';

/** Parses a configuration file. Programs write JSON, which needs no library and a tenth of the memory; throws what YAML's parser says. */
export function parseJsonOrYaml(text: string): unknown {
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text);
    } catch {
      // It may still be YAML; if not, that parser tells the line.
    }
  }
  return loadYaml().parse(text, { logLevel: 'error' });
}
