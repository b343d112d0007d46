/** Bytes before each message on a gRPC stream: whether it is compressed, and its length. */
export const grpcFrameBytes = 5;

/** A message, not compressed, as it goes on a gRPC stream. */
export function grpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(grpcFrameBytes + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, grpcFrameBytes);
  return frame;
}
