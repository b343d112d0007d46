import type { Mesh } from '@weft/core/mesh/mesh';
import type { Secret } from '@weft/core/resource/kubernetes-types';
import type { Resource } from '@weft/core/resource/resource';
import type { SecretJson } from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type { ProxyConnection } from './proxy-connection.ts';

/**
 * The credentials a gateway may ask for: the Secrets of its own namespace. Only a gateway that has proved to be of that namespace gets them, because they
 * hold private keys.
 */
export function gatewaySecrets(mesh: Mesh, { node, identity }: Pick<ProxyConnection, 'node' | 'identity'>): readonly SecretJson[] {
  if (node.type !== 'router' || identity?.namespace !== node.namespace) return [];
  const secrets = mesh.resources.ofKind('Secret').filter(({ ref }) => ref.namespace === node.namespace);
  const maps = mesh.resources.ofKind('ConfigMap').filter(({ ref }) => ref.namespace === node.namespace);
  const found = [
    ...secrets.flatMap((secret) => [
      ...credentials(`kubernetes://${secret.ref.name}`, secret),
      ...credentials(`kubernetes-gateway://${secret.ref.namespace}/${secret.ref.name}`, secret),
    ]),
    ...maps.flatMap((map) => trust(`configmap://${map.ref.namespace}/${map.ref.name}`, read(map, 'ca.crt') ?? null)),
  ];
  return [...new Map(found.map((secret) => [secret.name, secret])).values()].sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
}

function credentials(name: string, secret: Secret): readonly SecretJson[] {
  const certificate = read(secret, 'tls.crt') ?? read(secret, 'cert');
  const key = read(secret, 'tls.key') ?? read(secret, 'key');
  const authority = read(secret, 'ca.crt') ?? read(secret, 'cacert');
  const pair: readonly SecretJson[] =
    certificate && key
      ? [{ name, tlsCertificate: { certificateChain: { inlineBytes: certificate }, privateKey: { inlineBytes: key } } }]
      : [];
  const isOnlyAuthority = secret.ref.name.endsWith('-cacert');
  return [...pair, ...trust(isOnlyAuthority ? name : `${name}-cacert`, authority ?? null)];
}

function trust(name: string, authority: string | null): readonly SecretJson[] {
  return authority === null ? [] : [{ name, validationContext: { trustedCa: { inlineBytes: authority } } }];
}

/** A value in base64, from `data` or `stringData`. */
function read(resource: Resource, key: string): string | undefined {
  const { data, stringData } = resource.raw as { data?: Record<string, unknown>; stringData?: Record<string, unknown> };
  const plain = stringData?.[key] ?? (resource.ref.kind === 'ConfigMap' ? data?.[key] : undefined);
  if (typeof plain === 'string') return Buffer.from(plain).toString('base64');
  const encoded = data?.[key];
  return typeof encoded === 'string' ? encoded.replace(/\s/g, '') : undefined;
}
