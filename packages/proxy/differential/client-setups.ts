import { append, everything, extension } from './config-parts.ts';
import type { Setup } from './setup.ts';

const xff = (config: object) =>
  extension('envoy.http.original_ip_detection.xff', 'envoy.extensions.http.original_ip_detection.xff.v3.XffConfig', config);
const header = (config: object) =>
  extension(
    'envoy.http.original_ip_detection.custom_header',
    'envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig',
    { header_name: 'X-Client', ...config },
  );
const range = (address_prefix: string, prefix_len: number) => ({ address_prefix, prefix_len });
const internal = { internal_address_config: { cidr_ranges: [range('10.0.0.0', 8)] } };
/** Tells the application what the proxy took for the client. */
const tells = {
  table: {
    request_headers_to_add: [
      append('x-found', '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'),
      append('x-direct', '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%'),
    ],
  },
  routes: [everything],
};
const detecting = (...original_ip_detection_extensions: readonly object[]): Setup => ({
  manager: { original_ip_detection_extensions, ...internal },
  ...tells,
});
const early = (...mutations: readonly object[]) =>
  extension(
    'envoy.http.early_header_mutation.header_mutation',
    'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
    { mutations },
  );
const set = (key: string, value: string) => ({ append: append(key, value, 'OVERWRITE_IF_EXISTS_OR_ADD') });
const trusted = { cidrs: [range('127.0.0.0', 8), range('10.0.0.0', 8)] };

/** Listeners about who sent a request. */
export const clientSetups: Readonly<Record<string, Setup>> = {
  xffhops: detecting(xff({ xff_num_trusted_hops: 1 })),
  xffappends: detecting(xff({ skip_xff_append: false })),
  xffskips: detecting(xff({ skip_xff_append: true })),
  xffranges: detecting(xff({ xff_trusted_cidrs: trusted })),
  xffrangesappend: detecting(xff({ xff_trusted_cidrs: trusted, skip_xff_append: false })),
  xffforeign: detecting(xff({ xff_trusted_cidrs: { cidrs: [range('192.0.2.0', 24)] } })),
  clientheader: detecting(header({})),
  clienttrusted: detecting(header({ allow_extension_to_set_address_as_trusted: true })),
  clientneeded: detecting(header({ reject_with_status: { code: 'Unauthorized' } })),
  clientforbidden: detecting(header({ reject_with_status: { code: 'Continue' } })),
  clientorxff: detecting(header({}), xff({ xff_num_trusted_hops: 0 })),
  earlyheaders: {
    manager: {
      use_remote_address: true,
      generate_request_id: true,
      preserve_external_request_id: true,
      early_header_mutation_extensions: [
        early(set('x-forwarded-for', '4.4.4.4'), set('x-request-id', 'early'), { remove: 'x-secret' }, set('x-early', '%REQ(:path)%')),
        early(set('x-second', '%REQ(x-early)%'), { append: append('x-list', 'more') }),
      ],
    },
    ...tells,
  },
};
