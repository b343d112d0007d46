import type { AddressJson } from '@weft/envoy-api/envoy/config/core/v3/address_pb';
import type { Bootstrap } from './bootstrap.ts';

/** Where the bootstrap says that the control plane is. */
export interface BootstrapAds {
  readonly address: string;
  readonly isSecure: boolean;
}

/** The ADS server's gRPC target from its static cluster; null when the bootstrap has no ADS. */
export function adsTargetOf(bootstrap: Bootstrap): BootstrapAds | null {
  const service = bootstrap.dynamicResources?.adsConfig?.grpcServices?.[0];
  const name = service?.envoyGrpc?.clusterName;
  if (name === undefined) return service?.googleGrpc?.targetUri ? { address: service.googleGrpc.targetUri, isSecure: false } : null;
  const cluster = bootstrap.staticResources?.clusters?.find((candidate) => candidate.name === name);
  const addresses = (cluster?.loadAssignment?.endpoints ?? []).flatMap((locality) =>
    (locality.lbEndpoints ?? []).map((entry) => targetOf(entry.endpoint?.address)),
  );
  const [first] = addresses.filter((address): address is string => address !== null);
  if (first === undefined) throw new Error(`the ADS cluster ${name} is not in static_resources or has no endpoint`);
  return { address: first, isSecure: cluster?.transportSocket !== undefined };
}

function targetOf(address: AddressJson | undefined): string | null {
  if (address?.pipe?.path) return `unix:${address.pipe.path}`;
  const socket = address?.socketAddress;
  if (socket?.address === undefined) return null;
  return socket.address.includes(':') ? `[${socket.address}]:${socket.portValue}` : `${socket.address}:${socket.portValue}`;
}
