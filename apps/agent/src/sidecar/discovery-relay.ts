import { create, toBinary } from '@bufbuild/protobuf';
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServerDuplexStream,
  type ServiceDefinition,
  type StatusObject,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { AggregatedDiscoveryService } from '@weft/envoy-api/envoy/service/discovery/v3/ads_pb';
import { DeltaDiscoveryRequestSchema, DiscoveryRequestSchema } from '@weft/envoy-api/envoy/service/discovery/v3/discovery_pb';
import { healthTypeUrl } from '@weft/proxy/xds/discovery-protocol';
import { grpcService } from '../xds/grpc-service.ts';

export interface DiscoveryRelayOptions {
  /** The agent's plaintext xDS address. */
  readonly address: string;
  /** A token that proves who the workload is, asked for at each stream. */
  readonly token: () => Promise<string>;
}

type Downstream = ServerDuplexStream<Buffer, Buffer>;
type Upstream = ClientDuplexStream<Buffer, Buffer>;

interface OpenStream {
  readonly upstream: Upstream;
  readonly isDelta: boolean;
  /** Only who has said who it is can say how it is. */
  isIntroduced: boolean;
}

const same = (bytes: Buffer): Buffer => bytes;
const maxMessageBytes = 64 * 1024 * 1024;

/** The service as it is relayed: messages stay the bytes that they are. */
export const relayedDefinition: ServiceDefinition = Object.fromEntries(
  Object.entries(grpcService(AggregatedDiscoveryService)).map(([name, method]) => [
    name,
    { ...method, requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
  ]),
);

/**
 * Stands between an Envoy and the agent as Istio's agent does: what either says is passed on, with a token of the workload, and with word of how the
 * application is, which Envoy knows nothing of.
 */
export class DiscoveryRelay {
  readonly #options: DiscoveryRelayOptions;
  readonly #client: Client;
  readonly #streams = new Set<OpenStream>();
  /** What was last told: null = well; undefined = nothing yet. */
  #health: string | null | undefined;

  constructor(options: DiscoveryRelayOptions) {
    this.#options = options;
    this.#client = new Client(options.address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': -1,
    });
  }

  get implementation(): UntypedServiceImplementation {
    return {
      streamAggregatedResources: (call: Downstream) => void this.#relay(call, false),
      deltaAggregatedResources: (call: Downstream) => void this.#relay(call, true),
    };
  }

  /** Tells the agent how the application is, now and at each new stream: null = well. */
  tellHealth(problem: string | null): void {
    this.#health = problem;
    for (const { upstream, isDelta, isIntroduced } of this.#streams) if (isIntroduced) upstream.write(healthMessage(isDelta, problem));
  }

  close(): void {
    for (const { upstream } of this.#streams) upstream.cancel();
    this.#client.close();
  }

  async #relay(call: Downstream, isDelta: boolean): Promise<void> {
    const waiting: Buffer[] = [];
    const wait = (message: Buffer): void => void waiting.push(message);
    call.on('data', wait);
    const metadata = new Metadata();
    try {
      metadata.set('authorization', `Bearer ${await this.#options.token()}`);
    } catch (error) {
      call.emit('error', { code: status.UNAVAILABLE, details: (error as Error).message });
      return;
    }
    if (call.cancelled) return;
    const method = `/${AggregatedDiscoveryService.typeName}/${isDelta ? 'Delta' : 'Stream'}AggregatedResources`;
    const upstream = this.#client.makeBidiStreamRequest<Buffer, Buffer>(method, same, same, metadata);
    const stream: OpenStream = { upstream, isDelta, isIntroduced: false };
    this.#streams.add(stream);
    call.off('data', wait);
    const pass = (message: Buffer): void => {
      upstream.write(message);
      if (!stream.isIntroduced && this.#health !== undefined) upstream.write(healthMessage(isDelta, this.#health));
      stream.isIntroduced = true;
    };
    for (const message of waiting) pass(message);
    call.on('data', pass);
    call.on('end', () => upstream.end());
    call.on('cancelled', () => upstream.cancel());
    upstream.on('data', (message: Buffer) => call.write(message));
    // What a stream ended with is told by its status.
    upstream.on('error', () => {});
    upstream.on('status', ({ code, details }: StatusObject) => {
      this.#streams.delete(stream);
      if (code === status.OK) call.end();
      else call.emit('error', { code, details });
    });
  }
}

function healthMessage(isDelta: boolean, problem: string | null): Buffer {
  const fields = { typeUrl: healthTypeUrl, ...(problem === null ? {} : { errorDetail: { code: status.INTERNAL, message: problem } }) };
  return Buffer.from(
    isDelta
      ? toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, fields))
      : toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, fields)),
  );
}
