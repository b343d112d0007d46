/** A step of a field path: the key of a mapping or the index of a list. */
export type PathSegment = string | number;

/** Steps of a path such as `spec.http[0].match[1].headers["x-user"].exact`. Text that is no path gives the steps that can be read. */
export function parsePath(path: string): readonly PathSegment[] {
  const segments: PathSegment[] = [];
  for (const match of path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)) {
    const [, index, quoted, plain] = match;
    if (index !== undefined) segments.push(Number(index));
    else if (quoted !== undefined) segments.push(quoted.replace(/\\(.)/g, '$1'));
    else if (plain !== undefined) segments.push(plain);
  }
  return segments;
}

/** The path with one more step; keys that hold dots, brackets or quotes are written `["…"]`. */
export function childPath(path: string, segment: PathSegment): string {
  if (typeof segment === 'number') return `${path}[${segment}]`;
  if (!/^[^.[\]"\\]+$/.test(segment)) return `${path}["${segment.replace(/["\\]/g, '\\$&')}"]`;
  return path === '' ? segment : `${path}.${segment}`;
}
