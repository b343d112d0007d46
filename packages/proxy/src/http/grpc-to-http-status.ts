/** By gRPC status code, 0 … 16. */
const httpStatuses = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/** The HTTP status that outlier detection takes a gRPC status for. */
export function grpcToHttpStatus(grpcStatus: number): number {
  return httpStatuses[grpcStatus] ?? 500;
}
