// Opens TLS connections one after the other on 8 lanes, with one request each, and prints how many it did.
//   node handshake-client.ts PORT SECONDS full|resumed CA [CERTIFICATE KEY]
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { serverName } from './tls-files.ts';

const [port = '', seconds = '', mode = '', ca = '', certificate, key] = process.argv.slice(2);
const lanes = 8;
const secureContext = tls.createSecureContext({
  ca: readFileSync(ca),
  ...(certificate !== undefined && key !== undefined && { cert: readFileSync(certificate), key: readFileSync(key) }),
});
const request = 'GET /api/reviews/42?full=1 HTTP/1.1\r\nhost: server.mesh\r\nconnection: close\r\n\r\n';
const endsAt = performance.now() + Number(seconds) * 1000;
let session: Buffer | undefined;
let done = 0;

function open(): void {
  if (performance.now() >= endsAt) return;
  const resume = mode === 'resumed' && session !== undefined ? { session } : {};
  const socket = tls.connect({ host: '127.0.0.1', port: Number(port), servername: serverName, secureContext, ...resume });
  let received = '';
  socket.setEncoding('latin1');
  socket.once('secureConnect', () => {
    if (session !== undefined && mode === 'resumed' && !socket.isSessionReused()) session = undefined;
    socket.write(request);
  });
  socket.on('session', (next: Buffer) => {
    session = next;
  });
  socket.on('data', (text: string) => {
    received += text;
  });
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => {
    if (!received.startsWith('HTTP/1.1 200')) fail(`answered ${JSON.stringify(received.slice(0, 40))}`);
    done++;
    open();
  });
}

function fail(reason: string): never {
  process.stderr.write(`port ${port}: ${reason}\n`);
  process.exit(1);
}

for (let lane = 0; lane < lanes; lane++) open();
process.on('exit', () => process.stdout.write(`${done}\n`));
