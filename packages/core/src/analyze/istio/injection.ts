import type { ConfigMap, Namespace } from '../../resource/kubernetes-types.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object } from '../fields.ts';
import { fact, nameOf } from '../proof.ts';
import { podWorkload } from '../workload.ts';
import { injectorConfigName, injectorValues } from './injector-config.ts';

const revisionLabel = 'istio.io/rev';
const modeLabel = 'istio.io/dataplane-mode';

/** Namespaces that do not say whether their pods are in the mesh, and pods without the sidecar that they should have. */
export const injectionAnalyzer: SetAnalyzer = {
  name: 'injection.Analyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const injected = new Set<string>();
    const configs = new Map(context.set.ofKind('ConfigMap').map((config) => [config.ref.name, config] as const));
    for (const namespace of context.set.ofKind('Namespace')) {
      const { name } = namespace.ref;
      if (name === 'istio-system' || (!context.exact && name === context.rootNamespace)) continue;
      if (checkNamespace(namespace, configs, context)) injected.add(name);
    }
    checkPods(injected, context);
  },
};

/** Reports what is unclear about a namespace and answers whether its pods get sidecars. */
function checkNamespace(namespace: Namespace, configs: ReadonlyMap<string, ConfigMap>, { report }: AnalyzerContext): boolean {
  const { labels } = namespace;
  const { name } = namespace.ref;
  const injection = labels['istio-injection'];
  const others = [revisionLabel, modeLabel].filter((label) => label in labels && (injection === undefined || injection === 'enabled'));
  const given = [
    ...(injection === undefined ? [] : [`istio-injection=${injection}`]),
    ...others.map((label) => `${label}=${labels[label]}`),
  ];
  if (given.length > 1) {
    report({
      type: 'NamespaceMultipleInjectionLabels',
      resource: namespace,
      path: 'metadata.labels',
      message: `Labels ${given.join(' and ')} contradict each other about how pods of ${name} join the mesh. Keep one of them.`,
      proof: [fact(namespace, 'metadata.labels', `has ${given.join(', ')}`)],
    });
  }
  if (labels[modeLabel] === 'ambient') return false;
  if (!injection && !(revisionLabel in labels)) {
    const config = configs.get(injectorConfigName(''));
    if (config && object(injectorValues(config).sidecarInjectorWebhook).enableNamespacesByDefault === true) {
      report({
        type: 'NamespaceInjectionEnabledByDefault',
        resource: namespace,
        path: 'metadata.name',
        message: `Pods of ${name} get sidecars because this installation enables namespaces by default. Label it istio-injection=disabled if that is not meant.`,
        proof: [fact(config, 'data.values', 'sets enableNamespacesByDefault')],
      });
      return false;
    }
    report({
      type: 'NamespaceNotInjected',
      resource: namespace,
      path: 'metadata.name',
      message: `Pods of ${name} get no sidecar. Label the namespace istio-injection=enabled to put them into the mesh, or istio-injection=disabled to say that they stay outside.`,
      proof: [fact(namespace, 'metadata.labels', 'has neither istio-injection nor istio.io/rev')],
    });
    return false;
  }
  return injection === 'enabled';
}

function checkPods(injected: ReadonlySet<string>, { set, report }: AnalyzerContext): void {
  for (const pod of set.ofKind('Pod')) {
    if (!injected.has(pod.ref.namespace)) continue;
    const asked = pod.labels['sidecar.istio.io/inject'] ?? pod.annotations['sidecar.istio.io/inject'] ?? '';
    if (asked.toLowerCase() === 'false' || object(pod.spec).hostNetwork === true) continue;
    if (podWorkload(pod).containers.find((container) => container.name === 'istio-proxy')?.image) continue;
    report({
      type: 'PodMissingProxy',
      resource: pod,
      path: 'spec.containers',
      message: `Pod ${nameOf(pod)} runs without a sidecar though its namespace asks for one: it was probably made before. Restart it.`,
      proof: [fact(pod, 'spec.containers', 'has no istio-proxy with an image')],
    });
  }
}
