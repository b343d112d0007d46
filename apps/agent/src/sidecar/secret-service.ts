import { type ServerDuplexStream, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { DiscoveryRequest, DiscoveryResponse } from '@weft/envoy-api/envoy/service/discovery/v3/discovery_pb';
import { SecretDiscoveryService } from '@weft/envoy-api/envoy/service/secret/v3/sds_pb';
import { readRequest, stateOfTheWorld } from '../xds/ads-service.ts';
import { AdsStream } from '../xds/ads-stream.ts';
import { grpcService } from '../xds/grpc-service.ts';
import type { EncodedSnapshot } from '../xds/types.ts';

/** Where the secrets of a workload come from. */
export interface SecretHost {
  readonly now: () => number;
  /** Null until there is a certificate. */
  current(): EncodedSnapshot | null;
  subscribe(listener: (secrets: EncodedSnapshot) => void): () => void;
}

type Call = ServerDuplexStream<DiscoveryRequest, DiscoveryResponse>;

export const secretServiceDefinition = grpcService(SecretDiscoveryService);

/** `envoy.service.secret.v3.SecretDiscoveryService` as Istio's agent offers it beside a proxy: streams only. */
export function createSecretService(host: SecretHost): UntypedServiceImplementation {
  const unimplemented = (call: { emit(event: 'error', error: { code: status; details: string }): unknown }): void => {
    call.emit('error', { code: status.UNIMPLEMENTED, details: 'only StreamSecrets is served' });
  };
  return {
    streamSecrets: (call: Call) => serve(host, call),
    deltaSecrets: unimplemented,
    fetchSecrets: (_call: unknown, callback: (error: { code: status; details: string }) => void) =>
      callback({ code: status.UNIMPLEMENTED, details: 'only StreamSecrets is served' }),
  };
}

function serve(host: SecretHost, call: Call): void {
  const stream = new AdsStream('sotw', { send: (response) => void call.write(stateOfTheWorld(response)) }, host.now);
  const secrets = host.current();
  if (secrets) stream.setTarget(secrets);
  const end = host.subscribe((renewed) => stream.setTarget(renewed));
  call.on('data', (message: DiscoveryRequest) => {
    const request = readRequest(message);
    if (request) stream.request(request);
  });
  call.on('cancelled', end);
  call.on('error', end);
  call.on('end', () => {
    end();
    call.end();
  });
}
