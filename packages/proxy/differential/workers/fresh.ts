import { type IncomingHttpHeaders, request } from 'node:http';

/** What a client gets that has a connection of its own. */
export interface FreshAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

/** Asks over a new connection, which the kernel gives to any of the workers. */
export function askAnew(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<FreshAnswer> {
  return new Promise((resolve, reject) => {
    const made = request({ port, host: '127.0.0.1', path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    made.on('error', reject);
    made.end();
  });
}
