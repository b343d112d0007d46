import { checkRoute, parseRouteTests, type RouteTestResult } from '@weft/core/simulate/check-route';
import { decodeResource, encodeResource } from '@weft/core/xds/codec';
import { typeUrls } from '@weft/core/xds/type-urls';
import { parse } from 'yaml';
import { type CommandIo, InputError, UsageError } from './command.ts';
import { parseOptions, readTextFile } from './options.ts';

export const help = `usage: weft proxy route-check -c ROUTES -t TESTS [-o json|text]

Tests a route configuration, as Envoy's router check tool does and in its file format.

  -c, --config FILE       a RouteConfiguration (YAML or JSON)
  -t, --tests FILE        {"tests": [{"test_name", "input": {…}, "validate": {…}}]} (YAML or JSON)
  -o json|text            default text

example:
  weft proxy route-check -c routes.yaml -t tests.json -o json
`;

/** Runs `weft proxy route-check`. */
export async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseOptions(args, {
    config: { type: 'string', short: 'c' },
    tests: { type: 'string', short: 't' },
    output: { type: 'string', short: 'o' },
    fail: { type: 'boolean' },
  });
  if (typeof values.config !== 'string' || typeof values.tests !== 'string') throw new UsageError('-c and -t are needed');
  const routes = readRoutes(values.config, io);
  const results = parseRouteTests(readYaml(values.tests, io)).map((test) => checkRoute(routes, test));
  io.stdout.write(values.output === 'json' ? `${JSON.stringify(results)}\n` : formatResults(results));
  const failed = results.some(({ pass }) => !pass);
  return failed && (values.output !== 'json' || values.fail === true) ? 1 : 0;
}

function readRoutes(file: string, io: CommandIo): Parameters<typeof checkRoute>[0] {
  try {
    return decodeResource(typeUrls.rds, encodeResource(typeUrls.rds, readYaml(file, io) as object)) as Parameters<typeof checkRoute>[0];
  } catch (error) {
    throw error instanceof InputError ? error : new InputError(`${file}: not a RouteConfiguration: ${(error as Error).message}`);
  }
}

function readYaml(file: string, io: CommandIo): unknown {
  const text = readTextFile(file, io);
  try {
    return parse(text);
  } catch (error) {
    throw new InputError(`${file}: ${(error as Error).message}`);
  }
}

function formatResults(results: readonly RouteTestResult[]): string {
  const lines = results.flatMap(({ name, pass, failures }) => [
    `${pass ? '✓' : '✗'} ${name}`,
    ...failures.map((failure) => `    ${failure}`),
  ]);
  const failed = results.filter(({ pass }) => !pass).length;
  return `${[...lines, `${results.length - failed} passed, ${failed} failed`].join('\n')}\n`;
}
