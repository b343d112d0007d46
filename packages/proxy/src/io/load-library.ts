import { createRequire } from 'node:module';

/** Libraries that not every configuration needs are loaded when they are first asked for: together they hold some 25 MB. */
const require = createRequire(import.meta.url);

/**
 * Node's own HTTP, for the admin interface and probes. Importing it as a module would read all its exports, and with its `WebSocket` load
 * `fetch`, streams and HTTP/2 of the web, 15 MB that nothing here uses.
 */
export function loadHttp(): typeof import('node:http') {
  return require('node:http');
}

/** Node's own HTTPS, for probes. */
export function loadHttps(): typeof import('node:https') {
  return require('node:https');
}

/** For configuration that is not JSON. */
export function loadYaml(): typeof import('yaml') {
  return require('yaml');
}

/** For discovery, certificates and probes by gRPC. */
export function loadGrpc(): typeof import('@grpc/grpc-js') {
  return require('@grpc/grpc-js');
}

/** For certificate requests, and for what Node.js does not tell of a certificate. */
export function loadX509(): typeof import('@peculiar/x509') {
  require('reflect-metadata');
  return require('@peculiar/x509');
}
