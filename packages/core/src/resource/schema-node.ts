/** A structural schema as custom resource definitions use it, written like JSON schema. Without a `type` anything is allowed. */
export interface SchemaNode {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'int-or-string';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode;
  /** Whether fields besides `properties` are allowed, of any type. */
  readonly isOpen?: boolean;
  readonly items?: SchemaNode;
  readonly required?: readonly string[];
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  /** Sets of fields that exclude each other; one of them must be set unless the set is optional. */
  readonly oneOf?: readonly { readonly optional: boolean; readonly fields: readonly string[] }[];
}
