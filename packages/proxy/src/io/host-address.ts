import { networkInterfaces } from 'node:os';

let knownHostAddress: string | null = null;

/** This host's own address: the first IPv4 one that is no loopback address, as Envoy finds it. */
export function hostAddress(): string {
  knownHostAddress ??=
    Object.values(networkInterfaces())
      .flat()
      .find((entry) => entry?.family === 'IPv4' && !entry.internal)?.address ?? '127.0.0.1';
  return knownHostAddress;
}
