import type { ProxyView } from '../mesh/proxy-view.ts';

/** Whether a proxy is of an Istio before this version; one that tells no version is taken for the latest. */
export function isOlderThan({ node }: ProxyView, major: number, minor: number): boolean {
  const version = node.metadata.ISTIO_VERSION;
  const [, ownMajor, ownMinor] = (typeof version === 'string' && /^(\d+)\.(\d+)/.exec(version)) || [];
  if (ownMajor === undefined) return false;
  return Number(ownMajor) < major || (Number(ownMajor) === major && Number(ownMinor) < minor);
}
