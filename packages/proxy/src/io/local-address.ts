import type { Socket } from 'node:net';

const known = new WeakMap<Socket, string>();

/** `address:port` of a socket's own end, also after it is gone when it was asked before; `''` when it is not connected. */
export function localAddress(socket: Socket): string {
  const text = known.get(socket);
  if (text !== undefined) return text;
  const { localAddress: ip, localPort: port } = socket;
  if (ip === undefined || port === undefined) return '';
  const address = ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
  known.set(socket, address);
  return address;
}
