import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate authority and one workload's P-256 certificate, as files and as PEM text. */
export interface TlsFiles {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Certificate and key in one file, as HAProxy wants them. */
  readonly bundleFile: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** The DNS name in the certificate, for peers that cannot check a SPIFFE one. */
export const serverName = 'server.mesh';

export function makeTlsFiles(directory: string): TlsFiles {
  const at = (name: string): string => join(directory, name);
  const make = (name: string, subject: string, more: readonly string[]): void => {
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', at(`${name}.key`)];
    const args = ['req', '-x509', ...newKey, '-out', at(`${name}.pem`), '-days', '2', '-subj', subject, ...more];
    execFileSync('openssl', args, { stdio: 'ignore' });
  };
  make('ca', '/O=bench', ['-addext', 'keyUsage=critical,keyCertSign']);
  const names = `subjectAltName=URI:spiffe://cluster.local/ns/bench/sa/default,DNS:${serverName}`;
  make('leaf', '/CN=bench', [
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-addext',
    'basicConstraints=critical,CA:FALSE',
    '-addext',
    names,
  ]);
  const read = (name: string): string => readFileSync(at(name), 'utf8');
  writeFileSync(at('bundle.pem'), read('leaf.pem') + read('leaf.key'));
  return {
    caFile: at('ca.pem'),
    certificateFile: at('leaf.pem'),
    keyFile: at('leaf.key'),
    bundleFile: at('bundle.pem'),
    ca: read('ca.pem'),
    certificate: read('leaf.pem'),
    key: read('leaf.key'),
  };
}
