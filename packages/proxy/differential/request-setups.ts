import { everything } from './config-parts.ts';
import type { Setup } from './setup.ts';

/** Listeners about what the connection manager does to a request before any filter sees it. */
export const requestSetups: Readonly<Record<string, Setup>> = {
  edge: { manager: { use_remote_address: true }, routes: [everything] },
  hops: { manager: { use_remote_address: true, xff_num_trusted_hops: 1 }, routes: [everything] },
  skipxff: {
    manager: { use_remote_address: true, skip_xff_append: true, via: 'weft', server_header_transformation: 'PASS_THROUGH' },
    routes: [everything],
  },
  normalize: {
    manager: { normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD' },
    routes: [everything],
  },
  slashes: { manager: { normalize_path: true, path_with_escaped_slashes_action: 'UNESCAPE_AND_REDIRECT' }, routes: [everything] },
  rejects: { manager: { normalize_path: true, path_with_escaped_slashes_action: 'REJECT_REQUEST' }, routes: [everything] },
  base: { manager: { normalize_path: true }, routes: [everything] },
  http10: {
    manager: { http_protocol_options: { accept_http_10: true, default_host_for_http_10: 'default.example.com' } },
    routes: [everything],
  },
  serverappend: {
    manager: {
      server_name: 'weft',
      server_header_transformation: 'APPEND_IF_ABSENT',
      always_set_request_id_in_response: true,
      preserve_external_request_id: true,
    },
    routes: [everything],
  },
  stripport: { manager: { strip_any_host_port: true, strip_trailing_host_dot: true }, routes: [everything] },
  upgrades: { manager: { upgrade_configs: [{ upgrade_type: 'websocket' }] }, routes: [everything] },
};
