import type { VirtualServiceSpec } from '../kinds.ts';
import { checkFqdn, checkPort, checkSubsetName, checkWildcardHost, isDnsLabel } from './names.ts';
import type { Report } from './report.ts';

type HttpRoute = NonNullable<VirtualServiceSpec['http']>[number];
type Destination = NonNullable<HttpRoute['route']>[number]['destination'];

/** Checks the host, subset and port of a destination. */
export function checkDestination(destination: Destination | undefined, path: string, report: Report): void {
  if (!destination) return;
  const host = destination.host ?? '';
  const problem = host === '*' ? 'a destination must be one host, found "*"' : checkWildcardHost(host);
  if (problem !== null) report.error(`${path}.host`, problem);
  if (destination.subset) {
    const subset = checkSubsetName(destination.subset);
    if (subset !== null) report.error(`${path}.subset`, subset);
  }
  if (destination.port) {
    const port = checkPort(destination.port.number);
    if (port !== null) report.error(`${path}.port.number`, port);
  }
}

/** Checks weights: none negative, and of several destinations one must get something. */
export function checkWeights(destinations: readonly { readonly weight?: number }[] | undefined, path: string, report: Report): void {
  let total = 0;
  for (const [index, { weight = 0 }] of (destinations ?? []).entries()) {
    if (weight < 0) report.error(`${path}[${index}].weight`, `expected a weight of at least 0, found ${weight}`);
    total += weight;
  }
  if ((destinations?.length ?? 0) > 1 && total === 0) report.error(path, 'the weights of several destinations add up to 0');
}

/** Checks the names of gateways: `mesh`, a name, or `namespace/name`; the old form with dots gets a warning. */
export function checkGatewayNames(gateways: readonly string[] | undefined, path: string, report: Report): void {
  for (const [index, name] of (gateways ?? []).entries()) {
    const at = `${path}[${index}]`;
    const slash = name.indexOf('/');
    if (slash < 0) {
      const [gateway = '', namespace = ''] = name.split('.');
      if (name.includes('.')) report.warn(at, `the form "${name}" is deprecated, write "${namespace}/${gateway}"`);
      const problem = checkFqdn(name);
      if (problem !== null) report.error(at, problem);
    } else {
      for (const part of [name.slice(0, slash), name.slice(slash + 1)]) {
        if (!isDnsLabel(part)) report.error(at, `expected namespace/name, found "${name}"`);
      }
    }
  }
}
