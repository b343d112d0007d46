import type { ExtensionProvider } from './extension-provider.ts';
import type { MeshConfig } from './mesh-config.ts';
import type { HttpCollector, ProviderHeader } from './tracing-providers.ts';

/**
 * A mesh configuration whose providers' headers have the values that they name variables of the control plane's environment for; a variable that is not set is
 * empty.
 */
export function withProviderEnvironment(meshConfig: MeshConfig, environment: Readonly<Record<string, string | undefined>>): MeshConfig {
  const valued = (header: ProviderHeader): ProviderHeader =>
    header.envName ? { name: header.name ?? '', value: environment[header.envName] ?? '' } : header;
  const collector = <T extends HttpCollector>(settings: T): T =>
    settings.headers ? { ...settings, headers: settings.headers.map(valued) } : settings;
  const provider = (written: ExtensionProvider): ExtensionProvider => {
    const { zipkin, opentelemetry } = written;
    if (zipkin) return { ...written, zipkin: collector(zipkin) };
    if (!opentelemetry) return written;
    const { http, grpc, dynatraceSampler } = opentelemetry;
    const service = dynatraceSampler?.httpService;
    return {
      ...written,
      opentelemetry: {
        ...opentelemetry,
        ...(http ? { http: collector(http) } : {}),
        ...(grpc?.initialMetadata ? { grpc: { ...grpc, initialMetadata: grpc.initialMetadata.map(valued) } } : {}),
        ...(service?.http ? { dynatraceSampler: { ...dynatraceSampler, httpService: { ...service, http: collector(service.http) } } } : {}),
      },
    };
  };
  return { ...meshConfig, extensionProviders: meshConfig.extensionProviders.map(provider) };
}
