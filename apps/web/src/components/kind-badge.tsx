import { Tooltip } from '@mantine/core';
import classes from './kind-badge.module.css';

const shortByKind: Readonly<Record<string, string>> = {
  VirtualService: 'VS',
  DestinationRule: 'DR',
  Gateway: 'GW',
  ServiceEntry: 'SE',
  Sidecar: 'SC',
  WorkloadEntry: 'WE',
  WorkloadGroup: 'WG',
  EnvoyFilter: 'EF',
  ProxyConfig: 'PC',
  WasmPlugin: 'WP',
  AuthorizationPolicy: 'AP',
  PeerAuthentication: 'PA',
  RequestAuthentication: 'RA',
  Telemetry: 'TM',
  KubernetesGateway: 'KG',
  HTTPRoute: 'HR',
  GRPCRoute: 'GR',
  TCPRoute: 'TR',
  TLSRoute: 'TL',
  ReferenceGrant: 'RG',
  GatewayClass: 'GC',
  Namespace: 'NS',
  Service: 'S',
  ServiceAccount: 'SA',
  ConfigMap: 'CM',
  Secret: 'SK',
  Deployment: 'D',
  Pod: 'PO',
  EndpointSlice: 'ES',
};

/** The two letters mesh users know a kind by. */
export function KindBadge({ kind }: { kind: string }) {
  const short = shortByKind[kind] ?? kind.replace(/[a-z]/g, '').slice(0, 2);
  return (
    <Tooltip label={kind}>
      <span className={classes.badge} role="img" aria-label={kind}>
        {short}
      </span>
    </Tooltip>
  );
}
