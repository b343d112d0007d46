import type { webcrypto } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import {
  type IstioCertificateRequest,
  IstioCertificateRequestSchema,
  type IstioCertificateResponse,
} from '@weft/envoy-api/istio/v1/auth/ca_pb';
import { certificateServiceDefinition } from './certificate-service.ts';
import { mintToken, type TokenSubject } from './tokens.ts';

export interface CertificateWish {
  /** The agent's plaintext xDS address. */
  readonly address: string;
  readonly tokenKey: Uint8Array;
  readonly subject: TokenSubject;
  readonly ttlSeconds: number;
  readonly crypto: webcrypto.SubtleCrypto;
}

/** Makes a key and has it certified by a running agent. @throws when the agent refuses or does not answer */
export async function requestCertificate(
  wish: CertificateWish,
): Promise<{ readonly privateKeyPem: string; readonly chain: readonly string[] }> {
  const keys = (await wish.crypto.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: keys as never,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  const privateKeyPem = x509.PemConverter.encode(await wish.crypto.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${await mintToken(wish.tokenKey, wish.subject, 60)}`);
  const request = create(IstioCertificateRequestSchema, { csr: csr.toString('pem'), validityDuration: BigInt(wish.ttlSeconds) });
  const { certChain } = await call(wish.address, request, metadata);
  return { privateKeyPem: `${privateKeyPem}\n`, chain: certChain };
}

function call(address: string, request: IstioCertificateRequest, metadata: Metadata): Promise<IstioCertificateResponse> {
  const client = new Client(address, credentials.createInsecure());
  const method = certificateServiceDefinition.createCertificate;
  if (!method) throw new Error('the certificate service has no method createCertificate');
  const deadline = Date.now() + 10_000;
  return new Promise<IstioCertificateResponse>((resolve, reject) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadata,
      { deadline },
      (error, response) => (response ? resolve(response as IstioCertificateResponse) : reject(error ?? new Error('no answer'))),
    );
  }).finally(() => client.close());
}
