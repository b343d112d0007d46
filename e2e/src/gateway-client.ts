import { request } from 'node:http';

/** Sends one request through the ingress gateway as a visitor of `api.example.com` does, and answers its status and JSON body. */
export function throughGateway(
  gatewayUrl: string,
  method: string,
  path: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${gatewayUrl}${path}`, { method, headers: { host: 'api.example.com' } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) });
        } catch {
          reject(new Error(`${method} ${path}: expected JSON, found status ${response.statusCode} and ${text.slice(0, 200)}`));
        }
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
