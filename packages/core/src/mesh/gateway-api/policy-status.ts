import type { TranslatedBackendTls } from './backend-tls.ts';
import { type Condition, conditions, controllerName, type Finding } from './condition.ts';
import { gatewayApiGroup } from './context.ts';
import type { GatewayApiTranslation } from './translate.ts';

/** Name under which status is written for what holds between services. */
const meshControllerName = 'istio.io/mesh-controller';

interface Ancestor {
  readonly ancestorRef: Readonly<Record<string, unknown>>;
  readonly controllerName: string;
  readonly conditions: readonly Condition[];
}

/** The status of a policy: one entry for each service that it names, and one for each Gateway that sends requests there. Entries of other controllers stay. */
export function policyStatus(
  { policy, targets }: TranslatedBackendTls,
  before: Readonly<Record<string, unknown>>,
  translation: GatewayApiTranslation,
): Readonly<Record<string, unknown>> {
  const known: readonly Ancestor[] = Array.isArray(before.ancestors) ? before.ancestors : [];
  const own = known.filter((ancestor) => ancestor.controllerName === controllerName || ancestor.controllerName === meshControllerName);
  const entry = (ancestorRef: Ancestor['ancestorRef'], controller: string, findings: readonly Finding[]): Ancestor => {
    const old = own.find((ancestor) => JSON.stringify(ancestor.ancestorRef) === JSON.stringify(ancestorRef));
    return { ancestorRef, controllerName: controller, conditions: conditions(findings, policy.raw, old?.conditions) };
  };
  const services = targets.map(({ written, findings }) => entry(written, meshControllerName, findings));
  const gateways = new Map<string, Ancestor>();
  for (const { host, findings } of targets) {
    for (const { ref } of host === null ? [] : gatewaysTo(host, translation)) {
      const ancestorRef = { group: gatewayApiGroup, kind: 'Gateway', namespace: ref.namespace, name: ref.name };
      const key = `${ref.namespace}/${ref.name}`;
      if (!gateways.has(key)) gateways.set(key, entry(ancestorRef, controllerName, findings));
    }
  }
  return { ...before, ancestors: [...services, ...gateways.values(), ...known.filter((ancestor) => !own.includes(ancestor))] };
}

/** The Gateways that send something to a host. */
function gatewaysTo(host: string, { virtualServices, listeners }: GatewayApiTranslation) {
  const names = new Set(
    virtualServices
      .filter(({ http, tcp, tls }) =>
        [...http, ...tcp, ...tls].some(({ spec }) => spec.route?.some((entry) => entry?.destination?.host === host)),
      )
      .flatMap(({ gateways }) => gateways),
  );
  return new Set(listeners.filter(({ translatedName }) => names.has(translatedName)).map(({ gateway }) => gateway));
}
