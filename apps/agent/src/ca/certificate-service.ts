import { create } from '@bufbuild/protobuf';
import { type ServerUnaryCall, type sendUnaryData, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { formatSpiffe, type SpiffeIdentity } from '@weft/core/base/spiffe';
import {
  type IstioCertificateRequest,
  type IstioCertificateResponse,
  IstioCertificateResponseSchema,
  IstioCertificateService,
} from '@weft/envoy-api/istio/v1/auth/ca_pb';
import type { Log } from '../log.ts';
import type { AnyCall } from '../xds/ads-service.ts';
import { grpcService } from '../xds/grpc-service.ts';
import { type Authority, CsrError, type IssuedCertificate } from './authority.ts';

export interface CertificateHost {
  readonly authority: Authority;
  readonly log: Log;
  authenticate(call: AnyCall): Promise<SpiffeIdentity | null>;
  issued(spiffeId: string, certificate: IssuedCertificate): void;
}

type Call = ServerUnaryCall<IstioCertificateRequest, IstioCertificateResponse>;

export const certificateServiceDefinition = grpcService(IstioCertificateService);

/** `istio.v1.auth.IstioCertificateService`: certificates for whoever the caller proves to be; what the request itself claims is ignored. */
export function createCertificateService(host: CertificateHost): UntypedServiceImplementation {
  return {
    createCertificate: (call: Call, callback: sendUnaryData<IstioCertificateResponse>) => {
      issue(host, call).then(
        (chain) => callback(null, create(IstioCertificateResponseSchema, { certChain: [...chain] })),
        (error: { code?: status; message: string }) => {
          host.log('warn', `certificate request from ${call.getPeer()} refused: ${error.message}`);
          callback({ code: error.code ?? status.INTERNAL, details: error.message });
        },
      );
    },
  };
}

async function issue(host: CertificateHost, call: Call): Promise<readonly string[]> {
  const identity = await host.authenticate(call).catch((error: Error) => Promise.reject(refusal(status.UNAUTHENTICATED, error.message)));
  if (!identity) throw refusal(status.UNAUTHENTICATED, 'request authenticate failure: neither a client certificate nor a bearer token');
  const spiffeId = formatSpiffe(identity);
  try {
    const certificate = await host.authority.sign(call.request.csr, spiffeId, Number(call.request.validityDuration) * 1000);
    host.issued(spiffeId, certificate);
    return certificate.chain;
  } catch (error) {
    throw refusal(error instanceof CsrError ? status.INVALID_ARGUMENT : status.INTERNAL, (error as Error).message);
  }
}

const refusal = (code: status, message: string): Error & { code: status } => Object.assign(new Error(message), { code });
