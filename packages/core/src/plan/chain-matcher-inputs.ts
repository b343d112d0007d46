import type { ConnectionFacts } from './facts.ts';
import { isLoopbackIp, isSameIp } from './ip-address.ts';

/** What a matcher looks at: text, or null where the connection has nothing of the kind. */
export type ChainInput = (facts: ConnectionFacts) => string | null;

const orNull = (text: string): string | null => (text === '' ? null : text);

/** The inputs of `filter_chain_matcher` by the ends of their messages' names; ports are decimal, protocols are quoted and listed. */
const inputs: Readonly<Record<string, ChainInput>> = {
  DestinationIPInput: ({ destination }) => destination.text,
  DestinationPortInput: ({ destinationPort }) => String(destinationPort),
  SourceIPInput: ({ source }) => source.text,
  SourcePortInput: ({ sourcePort }) => String(sourcePort),
  DirectSourceIPInput: ({ directSource }) => directSource.text,
  SourceTypeInput: ({ source, destination }) => (isLoopbackIp(source) || isSameIp(source, destination) ? 'local' : null),
  ServerNameInput: ({ serverName }) => orNull(serverName),
  TransportProtocolInput: ({ transportProtocol }) => transportProtocol,
  ApplicationProtocolInput: ({ applicationProtocols }) => orNull(applicationProtocols.map((name) => `'${name}'`).join(',')),
};

const prefix = 'envoy.extensions.matching.common_inputs.network.v3.';

/** The input with this message name; null for one that is not known. */
export function chainInput(messageName: string): ChainInput | null {
  return messageName.startsWith(prefix) ? (inputs[messageName.slice(prefix.length)] ?? null) : null;
}
