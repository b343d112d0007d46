/** One listener: its connection manager, filters and routes, in the field names of the proto files. */
export interface Setup {
  readonly manager?: object;
  readonly filters?: readonly object[];
  /** In place of the usual router filter. */
  readonly router?: object;
  readonly routes?: readonly object[];
  readonly host?: object;
  readonly table?: object;
  readonly hosts?: readonly object[];
}
