import classes from './diff-view.module.css';

export interface FileDiff {
  readonly file: string;
  /** Unified diff. */
  readonly diff: string;
}

interface DiffLine {
  readonly kind: 'add' | 'remove' | 'same' | 'gap';
  readonly before: number | null;
  readonly after: number | null;
  readonly text: string;
}

/** Unified diffs with line numbers. Added and removed lines carry signs besides their colours. */
export function DiffView({ files, label }: { files: readonly FileDiff[]; label: string }) {
  return (
    <section aria-label={label} className={classes.files}>
      {files.map(({ file, diff }) => (
        <figure key={file} className={classes.file}>
          <figcaption className={classes.name}>{file}</figcaption>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard */}
          <section className={classes.scroller} tabIndex={0} aria-label={`Changes in ${file}`}>
            <table className={classes.table}>
              <tbody>
                {linesOf(diff).map((line, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: lines of a diff have no other identity
                  <tr key={index} data-kind={line.kind}>
                    <td className={classes.number}>{line.before}</td>
                    <td className={classes.number}>{line.after}</td>
                    <td className={classes.sign}>{signs[line.kind]}</td>
                    <td className={classes.text}>{line.text}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </figure>
      ))}
    </section>
  );
}

const signs = { add: '+', remove: '−', same: '', gap: '' } as const;

function linesOf(diff: string): readonly DiffLine[] {
  const lines: DiffLine[] = [];
  let before = 0;
  let after = 0;
  let isInHunk = false;
  for (const text of diff.split('\n')) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)/.exec(text);
    if (hunk !== null) {
      if (lines.length > 0) lines.push({ kind: 'gap', before: null, after: null, text: '⋯' });
      before = Number(hunk[1]);
      after = Number(hunk[2]);
      isInHunk = true;
    } else if (isInHunk && text.startsWith('+')) {
      lines.push({ kind: 'add', before: null, after: after++, text: text.slice(1) });
    } else if (isInHunk && text.startsWith('-')) {
      lines.push({ kind: 'remove', before: before++, after: null, text: text.slice(1) });
    } else if (isInHunk && text.startsWith(' ')) {
      lines.push({ kind: 'same', before: before++, after: after++, text: text.slice(1) });
    }
  }
  return lines;
}
