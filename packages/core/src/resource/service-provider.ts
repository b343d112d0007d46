/** A provider that is a service of the mesh. */
export interface ServiceProvider {
  /** `[namespace/]hostname`. */
  readonly service?: string;
  readonly port?: number;
}
