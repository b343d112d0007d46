import { createServer } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

// Runs in a network namespace of its own. Lines on stdin: `serve HOST PORT`, and `connect COUNT HOST PORT PATH`, which sends a request on each
// connection and reads no further than the kernel does. Each is answered with `ok`.
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.split(' ');
  if (command === 'serve') {
    const [host = '', port] = words;
    const server = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => server.listen(Number(port), host, resolve));
  } else {
    const [count, host = '', port, path] = words;
    const opened = Array.from({ length: Number(count) }, () => {
      const socket = connect(Number(port), host).pause();
      socket.on('error', () => {});
      return new Promise<void>((resolve) => {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`, () => resolve());
      });
    });
    await Promise.all(opened);
  }
  process.stdout.write('ok\n');
}
