import type { HttpConnectionManagerJson } from '@weft/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { CustomHeaderConfigJson } from '@weft/envoy-api/envoy/extensions/http/original_ip_detection/custom_header/v3/custom_header_pb';
import type { XffConfigJson } from '@weft/envoy-api/envoy/extensions/http/original_ip_detection/xff/v3/xff_pb';
import { statusCode } from './build-status.ts';
import { parseIpRange } from './ip-address.ts';
import type { IpDetectionPlan } from './ip-detection-plan.ts';
import { messageName } from './read.ts';

/** Compiles the ways to find a client's address, in the order in which they are tried. Without extensions X-Forwarded-For is read. */
export function buildIpDetections(json: HttpConnectionManagerJson): readonly IpDetectionPlan[] {
  const extensions = json.originalIpDetectionExtensions ?? [];
  if (extensions.length === 0) return [{ kind: 'hops', hops: json.xffNumTrustedHops ?? 0, appends: false }];
  return extensions.flatMap(({ typedConfig }) => {
    const name = messageName(typedConfig?.['@type']);
    if (name.endsWith('.xff.v3.XffConfig')) return [buildXff(typedConfig as XffConfigJson)];
    return name.endsWith('.custom_header.v3.CustomHeaderConfig') ? [buildHeader(typedConfig as CustomHeaderConfigJson)] : [];
  });
}

function buildXff(json: XffConfigJson): IpDetectionPlan {
  const appends = json.skipXffAppend === false;
  if (!json.xffTrustedCidrs) return { kind: 'hops', hops: json.xffNumTrustedHops ?? 0, appends };
  const trusted = (json.xffTrustedCidrs.cidrs ?? []).flatMap(
    (range) => parseIpRange(range.addressPrefix ?? '', range.prefixLen ?? 0) ?? [],
  );
  return { kind: 'trustedRanges', trusted, appends };
}

function buildHeader(json: CustomHeaderConfigJson): IpDetectionPlan {
  const { rejectWithStatus } = json;
  const status = statusCode(rejectWithStatus, 403);
  return {
    kind: 'header',
    name: (json.headerName ?? '').toLowerCase(),
    isTrusted: json.allowExtensionToSetAddressAsTrusted ?? false,
    // A status that is no error is none to turn a request away with.
    rejectStatus: rejectWithStatus ? (status >= 400 ? status : 403) : null,
  };
}
