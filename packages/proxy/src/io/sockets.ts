import net from 'node:net';

/** Where to connect: an address and port, or a Unix domain socket. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string | null;
  /** Source address to bind, null for any. */
  readonly localAddress: string | null;
}

/** Opens a socket without Nagle's algorithm whose reads go through `onread`. */
export function connectSocket(options: ConnectOptions, onread: net.OnReadOpts, onConnect: () => void): net.Socket {
  const common = { onread, allowHalfOpen: true, autoSelectFamily: false };
  if (options.path !== null) return net.connect({ ...common, path: options.path }, onConnect);
  const tcp = { ...common, host: options.host, port: options.port, noDelay: true };
  return net.connect(options.localAddress === null ? tcp : { ...tcp, localAddress: options.localAddress }, onConnect);
}
