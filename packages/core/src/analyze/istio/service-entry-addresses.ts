import type { ServiceEntry } from '../../resource/kinds.ts';
import type { AnalysisSettings, ResourceAnalyzer } from '../analyzer.ts';
import { object, objects, portNumber, strings, text } from '../fields.ts';
import { fact } from '../proof.ts';

/** TCP ports of ServiceEntries without an address: their connections cannot be told from others of that port. */
export const serviceEntryAddressesAnalyzer: ResourceAnalyzer = {
  name: 'serviceentry.Analyzer',
  scope: 'resource',
  inputs: ['ServiceEntry'],
  isDefault: true,
  check(resource, context, report) {
    const spec = object((resource as ServiceEntry).spec);
    if (strings(spec.addresses).length > 0 || isAllocated(resource as ServiceEntry) || allocatesAddresses(context)) return;
    for (const [index, port] of objects(spec.ports)) {
      const protocol = text(port.protocol);
      if (protocol !== '' && protocol.toUpperCase() !== 'TCP') continue;
      const path = `spec.ports[${index}]`;
      report({
        type: 'ServiceEntryAddressesRequired',
        resource,
        path,
        message: `Port ${portNumber(port.number) ?? index} is TCP and the entry has no addresses, so its proxies take every connection to that port for this service. Add addresses, or have addresses allocated.`,
        proof: [fact(resource, `${path}.protocol`, `is ${protocol || 'not set'}`), fact(resource, 'spec.addresses', 'is not set')],
      });
    }
  },
};

function isAllocated(entry: ServiceEntry): boolean {
  return objects(object(entry.raw.status as { addresses?: readonly object[] } | undefined).addresses).length > 0;
}

function allocatesAddresses({ meshConfig }: AnalysisSettings): boolean {
  const metadata = object(meshConfig.defaultConfig.proxyMetadata);
  if (metadata.ISTIO_META_DNS_CAPTURE !== 'true') return false;
  return metadata.ISTIO_META_DNS_AUTO_ALLOCATE === 'true' || metadata.PILOT_ENABLE_IP_AUTOALLOCATE === 'true';
}
