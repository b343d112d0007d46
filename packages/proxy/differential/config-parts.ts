/** A type URL. */
export const type = (name: string) => `type.googleapis.com/${name}`;

/** An extension with its configuration: a filter, a matcher, a formatter. */
export const extension = (name: string, typeName: string, config: object = {}) => ({
  name,
  typed_config: { '@type': type(typeName), ...config },
});

/** The action that forwards to the application. */
export const toOrigin = (route: object = {}) => ({ route: { cluster: 'origin', ...route } });

/** The route that takes every path to the application. */
export const everything = { match: { prefix: '/' }, ...toOrigin() };

export const percent = (numerator: number) => ({ numerator, denominator: 'HUNDRED' });

export const exactHeader = (name: string, value: string) => ({ name, string_match: { exact: value } });

/** A header to add. */
export const append = (key: string, value: string, action = 'APPEND_IF_EXISTS_OR_ADD') => ({
  header: { key, value },
  append_action: action,
});
