import type net from 'node:net';
import type { AddressPlan } from '@weft/core/plan/cluster-plan';

/** What `listen` is told of an address. Throws for one that is not of the network. */
export function listenOptions(address: AddressPlan): net.ListenOptions {
  if (address.kind === 'pipe') return { path: address.path };
  if (address.kind === 'tcp') return { host: address.host, port: address.port };
  throw new Error(`a listener cannot bind the internal address ${address.listener}`);
}

/** Why a listener could not be bound, and where. */
export function bindError(name: string, address: AddressPlan, error: NodeJS.ErrnoException): string {
  const where = address.kind === 'tcp' ? `${address.host}:${address.port}` : address.kind === 'pipe' ? address.path : address.listener;
  const why =
    error.code === 'EADDRINUSE' ? 'the port is taken by another process' : error.code === 'EACCES' ? 'not permitted' : error.message;
  return `listener ${name} cannot bind ${where}: ${why}`;
}
