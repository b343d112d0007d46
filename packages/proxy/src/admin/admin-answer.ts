/** One request to the admin interface. */
export interface AdminRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
}

/** Its answer, as plain data: it may come from another thread. */
export interface AdminAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}
