/** A compiled Envoy URI template (`/foo/{name}/*`, `/{path=**}`). */
export interface UriTemplate {
  readonly text: string;
  /** Variables by name when the path (without query) matches, else null. */
  readonly match: (path: string) => ReadonlyMap<string, string> | null;
}

const literalChars = "[-A-Za-z0-9._~%!$&'()*+,;:@=]";

/**
 * Compiles a template as Envoy's `uri_template` matcher does: `*` is one non-empty segment, `**` zero or more and last among operators,
 * `{name}` a named `*`, `{name=pattern}` a named pattern. Null when it is malformed.
 */
export function compileUriTemplate(text: string): UriTemplate | null {
  const names: string[] = [];
  const source = templateSource(text, names);
  if (source === null) return null;
  const pattern = new RegExp(`^${source}$`);
  return {
    text,
    match: (path) => {
      const found = pattern.exec(path);
      return found ? new Map(names.map((name, i) => [name, found[i + 1] ?? ''])) : null;
    },
  };
}

/** Fills a rewrite template such as `/{b}/{a}` from matched variables. */
export function fillUriTemplate(template: string, variables: ReadonlyMap<string, string>): string {
  return template.replace(/\{([^}]*)\}/g, (_, name: string) => variables.get(name) ?? '');
}

function templateSource(text: string, names: string[]): string | null {
  if (!text.startsWith('/')) return null;
  let out = '';
  for (let i = 0; i < text.length; ) {
    const rest = text.slice(i);
    const variable = /^\{([A-Za-z][A-Za-z0-9_]*)(?:=([^{}]*))?\}/.exec(rest);
    if (variable) {
      const [whole, name = '', pattern] = variable;
      const inner = patternSource(pattern ?? '*');
      if (inner === null || names.includes(name)) return null;
      names.push(name);
      out += `(${inner})`;
      i += whole.length;
      continue;
    }
    const plain = /^(?:\*\*|\*|[^{}*])/.exec(rest)?.[0];
    if (plain === undefined) return null;
    out += patternSource(plain) ?? '';
    i += plain.length;
  }
  return out;
}

/** `*` → one segment, `**` → anything, everything else literal. */
function patternSource(pattern: string): string | null {
  let out = '';
  for (let i = 0; i < pattern.length; i++) {
    if (pattern.startsWith('**', i)) {
      out += `(?:${literalChars}|/)*`;
      i++;
    } else if (pattern[i] === '*') out += `${literalChars}+`;
    else if (pattern[i] === '{' || pattern[i] === '}') return null;
    else out += (pattern[i] ?? '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  }
  return out;
}
