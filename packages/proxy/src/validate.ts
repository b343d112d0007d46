import { buildPlan } from '@weft/core/plan/build-plan';
import { SecretStore } from './identity/secret-store.ts';
import { TlsContexts } from './identity/tls-contexts.ts';
import { type Bootstrap, staticSnapshot } from './xds/bootstrap.ts';
import { Discovery } from './xds/discovery.ts';

/** What keeps a bootstrap from being used; empty when nothing does. */
export function validateBootstrap(bootstrap: Bootstrap): readonly string[] {
  const sources = Discovery.problems(bootstrap, new TlsContexts(new SecretStore(() => {})));
  const plan = buildPlan(staticSnapshot(bootstrap), null);
  return [...sources, ...plan.problems.filter(({ fatal }) => fatal).map(({ name, message }) => `${name}: ${message}`)];
}
