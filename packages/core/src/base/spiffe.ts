/** Who a workload is: its trust domain, namespace and service account. */
export interface SpiffeIdentity {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** The identity in a URI of the form `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`, or null when the text has another form. */
export function parseSpiffe(uri: string): SpiffeIdentity | null {
  const match = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(uri);
  if (!match) return null;
  const [, trustDomain = '', namespace = '', serviceAccount = ''] = match;
  return { trustDomain, namespace, serviceAccount };
}

/** The SPIFFE URI of an identity. */
export function formatSpiffe(identity: SpiffeIdentity): string {
  return `spiffe://${identity.trustDomain}/ns/${identity.namespace}/sa/${identity.serviceAccount}`;
}
