import type { DestinationPolicy } from '@weft/core/mesh/destination-rule';
import type { Mesh } from '@weft/core/mesh/mesh';
import type { ProxyView } from '@weft/core/mesh/proxy-view';
import type { ClientTls } from '@weft/core/mesh/traffic-policy';
import type { Secret } from '@weft/core/resource/kubernetes-types';
import type { Resource } from '@weft/core/resource/resource';
import type { SecretJson } from '@weft/envoy-api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type { ProxyConnection } from './proxy-connection.ts';

/**
 * The credentials that a proxy may ask for. Secrets hold private keys, so only a proxy that has proved to be of a namespace gets those of it: a gateway all, a
 * sidecar those that rules for it name. What listeners of the Gateway API refer to elsewhere has been granted. Roots in ConfigMaps are no secret.
 */
export function proxySecrets(
  mesh: Mesh,
  { node, identity }: Pick<ProxyConnection, 'node' | 'identity'>,
  view: ProxyView,
): readonly SecretJson[] {
  const isProved = identity?.namespace === node.namespace;
  const listed = new Set(
    clientTls(view).flatMap(({ credentialName = '', caCertCredentialName = '' }) => [credentialName, caCertCredentialName]),
  );
  const granted = new Set(isProved ? grantedNames(mesh, view) : []);
  const isOwn = ({ ref }: Resource) => isProved && node.type === 'router' && ref.namespace === node.namespace;
  const isNamed = (secret: Secret) => isProved && secret.ref.namespace === node.namespace && listed.has(secret.ref.name);
  const secrets = authoritiesLast(mesh.resources.ofKind('Secret')).flatMap((secret) => {
    const qualified = `kubernetes-gateway://${secret.ref.namespace}/${secret.ref.name}`;
    const short = isOwn(secret) || isNamed(secret) ? credentials(`kubernetes://${secret.ref.name}`, secret) : [];
    return isOwn(secret) || granted.has(qualified) ? [...short, ...credentials(qualified, secret)] : short;
  });
  const maps = mesh.resources.ofKind('ConfigMap').flatMap((map) => {
    const name = `configmap://${map.ref.namespace}/${map.ref.name}`;
    return isOwn(map) || granted.has(name) || listed.has(name) ? trust(name, read(map, 'ca.crt') ?? null) : [];
  });
  return [...new Map([...secrets, ...maps].map((secret) => [secret.name, secret])).values()].sort((a, b) =>
    (a.name ?? '') < (b.name ?? '') ? -1 : 1,
  );
}

/** Of one name the last counts: a secret that holds an authority alone goes before the authority that stands beside a certificate. */
function authoritiesLast(secrets: readonly Secret[]): readonly Secret[] {
  const isAuthority = ({ ref }: Secret) => ref.name.endsWith('-cacert');
  return [...secrets.filter((secret) => !isAuthority(secret)), ...secrets.filter(isAuthority)];
}

/** What servers made from listeners of the Gateway API refer to; a Gateway that somebody wrote may name what it was never granted. */
function grantedNames(mesh: Mesh, view: ProxyView): readonly string[] {
  const servers = (view.policies.gateway?.ports ?? []).flatMap((port) => port.servers);
  return servers
    .filter(({ ref }) => mesh.resources.get('Gateway', ref.namespace, ref.name) === null)
    .flatMap(({ spec: { tls } }) => [tls?.credentialName ?? '', ...(tls?.credentialNames ?? []), tls?.caCertCredentialName ?? '']);
}

/** All that rules say of TLS towards the services of a proxy. */
function clientTls(view: ProxyView): readonly ClientTls[] {
  return view.services.flatMap(({ policy }) => (policy ? policyTls(policy) : []));
}

function policyTls({ trafficPolicy, subsets }: DestinationPolicy): readonly ClientTls[] {
  const levels = [trafficPolicy, ...subsets.map((subset) => subset.trafficPolicy)];
  return levels
    .flatMap((level) => [level?.tls, ...(level?.portLevelSettings ?? []).map(({ tls }) => tls)])
    .filter((tls) => tls !== undefined);
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
