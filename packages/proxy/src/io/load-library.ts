import { createRequire } from 'node:module';

/** Libraries that not every configuration needs are loaded when they are first asked for: together they hold some 15 MB. */
const require = createRequire(import.meta.url);

/** For discovery, certificates and probes by gRPC. */
export function loadGrpc(): typeof import('@grpc/grpc-js') {
  return require('@grpc/grpc-js');
}

/** For certificate requests, and for what Node.js does not tell of a certificate. */
export function loadX509(): typeof import('@peculiar/x509') {
  require('reflect-metadata');
  return require('@peculiar/x509');
}
