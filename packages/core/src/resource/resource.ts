/** Where something stands in the user's text. Lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Group, version, kind, namespace and name: what identifies a resource. `namespace` is `''` for cluster-scoped kinds. */
export interface ResourceRef {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The text a resource was parsed from, kept so that positions can be found when somebody asks for them. */
export interface ResourceSource {
  readonly file: string;
  /** Line of the document's first line in the file, from 1. */
  readonly line: number;
  /** The document's own YAML text. */
  readonly text: string;
  /** Where in the document the resource stands when the document is a list: `items[3]`. */
  readonly path?: string;
}

/** What the user wrote: one Kubernetes-style object. `S` is the type of its `spec`. */
export interface Resource<S = unknown> {
  readonly ref: ResourceRef;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, or null when the resource has no creation timestamp (files). */
  readonly createdAt: number | null;
  /** `spec` as written but for fields that are null, which count as absent; `{}` when there is none. */
  readonly spec: S;
  /** The whole object as written; kinds without a spec (ConfigMap, Secret, EndpointSlice …) are read from here. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly source: ResourceSource;
}
