import { selectsLabels } from '../../base/labels.ts';
import type { ProxyConfig } from '../../resource/kinds.ts';
import type { ConfigMap, Pod } from '../../resource/kubernetes-types.ts';
import { loadYaml } from '../../resource/yaml.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { labelsOf, object, text } from '../fields.ts';
import { groupBy } from '../group-by.ts';
import { fact, list, mostProofs } from '../proof.ts';
import { podWorkload } from '../workload.ts';
import { injectorConfigName, injectorValues } from './injector-config.ts';

/** Namespaces with pods whose sidecar is not of the version that injection would put in now. */
export const injectionImageAnalyzer: SetAnalyzer = {
  name: 'injection.ImageAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const configs = context.set.ofKind('ConfigMap').filter((config) => config.ref.name.startsWith('istio-sidecar-injector'));
    if (configs.length === 0) return;
    const imageByConfig = new Map(configs.map((config) => [config.ref.name, proxyImage(config)] as const));
    for (const [name, pods] of groupBy(context.set.ofKind('Pod'), (pod) => pod.ref.namespace)) {
      const namespace = context.set.get('Namespace', '', name);
      const revision = namespace?.labels['istio.io/rev'] ?? (namespace?.labels['istio-injection'] === 'enabled' ? 'default' : null);
      const image = revision === null ? undefined : imageByConfig.get(injectorConfigName(revision));
      if (namespace === null || image === undefined) continue;
      const outdated = pods.filter((pod) => isOutdated(pod, image, context));
      if (outdated.length === 0) continue;
      context.report({
        type: 'PodsIstioProxyImageMismatchInNamespace',
        resource: namespace,
        path: 'metadata.name',
        message: `Sidecars of ${list(outdated.map((pod) => pod.ref.name).sort())} are not of the image that is injected now (${image}). Restart these pods, usually after an upgrade.`,
        proof: outdated.slice(0, mostProofs).map((pod) => fact(pod, 'spec.containers', `has a sidecar of another image than ${image}`)),
      });
    }
  },
};

function proxyImage(config: ConfigMap): string {
  const { global } = injectorValues(config);
  const image = text(object(object(global).proxy).image);
  return image.includes('/') ? image : `${text(object(global).hub)}/${image}:${text(object(global).tag)}`;
}

function isOutdated(pod: Pod, image: string, context: AnalyzerContext): boolean {
  if (pod.annotations['sidecar.istio.io/proxyImage']) return false;
  const variant = `${image}-${imageType(pod, context)}`;
  return podWorkload(pod).containers.some(
    (container) => container.name === 'istio-proxy' && container.image !== image && container.image !== variant,
  );
}

/** The image type asked for: by the mesh, the root namespace, the namespace, a selector, and last by the pod itself. */
function imageType(pod: Pod, { set, meshConfig, rootNamespace }: AnalyzerContext): string {
  const proxyConfigs = set.ofKind('ProxyConfig');
  const typeOf = (config: ProxyConfig | undefined): string => text(object(object(config?.spec).image).imageType);
  const selectorOf = (config: ProxyConfig) => object(config.spec).selector;
  const inNamespace = proxyConfigs.filter((config) => config.ref.namespace === pod.ref.namespace && pod.ref.namespace !== rootNamespace);
  const found = [
    text(object(meshConfig.defaultConfig.image).imageType),
    typeOf(proxyConfigs.find((config) => config.ref.namespace === rootNamespace)),
    typeOf(inNamespace.find((config) => !selectorOf(config))),
    ...inNamespace
      .filter((config) => selectorOf(config) && selectsLabels(labelsOf(object(selectorOf(config)).matchLabels), pod.labels))
      .map(typeOf),
    annotatedType(pod),
  ].filter((type) => type !== '');
  const last = found.at(-1) ?? '';
  return last === 'default' ? '' : last;
}

function annotatedType(pod: Pod): string {
  const annotation = pod.annotations['proxy.istio.io/config'];
  if (annotation === undefined) return '';
  const config = loadYaml(annotation);
  return config.ok ? text(object(object(config.value as { image?: { imageType?: unknown } } | null).image).imageType) : '';
}
