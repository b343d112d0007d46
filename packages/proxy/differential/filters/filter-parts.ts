/** A type URL. */
export const type = (name: string) => `type.googleapis.com/${name}`;
/** An HTTP filter of Envoy with its configuration. */
export const filter = (name: string, typeName: string, config: object = {}) => ({
  name: `envoy.filters.http.${name}`,
  typed_config: { '@type': type(`envoy.extensions.filters.http.${typeName}`), ...config },
});
export const percent = (numerator: number) => ({ default_value: { numerator, denominator: 'HUNDRED' } });
export const header = (key: string, value: string) => ({ header: { key, value } });

/** One listener: its filters, and what its routes say. */
export interface FilterSetup {
  readonly filters: readonly object[];
  readonly route?: object;
  readonly host?: object;
  readonly routeConfig?: object;
}
