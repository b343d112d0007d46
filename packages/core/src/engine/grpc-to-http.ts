const httpOfGrpc: readonly number[] = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/** The HTTP status that stands for a gRPC status (Envoy `Grpc::Utility::grpcToHttpStatus`). */
export function grpcToHttp(status: number): number {
  return httpOfGrpc[status] ?? 500;
}
