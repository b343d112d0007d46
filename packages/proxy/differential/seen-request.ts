/** What the application behind the proxy saw of one request. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}
