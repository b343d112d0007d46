import type { HeaderSink } from '../engine/mutate-headers.ts';

/** Writes header changes into a record by lower-case name; several values are joined by commas. */
export function headerSink(headers: Record<string, string>): HeaderSink {
  return {
    has: (name) => headers[name] !== undefined,
    remove: (name) => {
      delete headers[name];
    },
    set: (name, value) => {
      headers[name] = value;
    },
    append: (name, value) => {
      headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
    },
  };
}
