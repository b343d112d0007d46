'use client';

import { Select } from '@mantine/core';
import { useState } from 'react';
import { parseDocument } from 'yaml';
import { useDraftText } from '../../lib/draft-text.ts';
import classes from './configuration.module.css';
import { useConfigurationState } from './configuration-state.ts';
import { DraftEditor } from './draft-editor.tsx';
import { templateByKind } from './templates.ts';

const kinds = Object.keys(templateByKind);

export function NewResource() {
  const [, setState] = useConfigurationState();
  const [kind, setKind] = useState('VirtualService');
  const [draft, setDraft] = useDraftText('new');
  const text = draft ?? templateByKind[kind] ?? '';
  const choose = (next: string | null) => {
    setKind(next ?? kind);
    setDraft(null);
  };
  return (
    <section className={classes.editor} aria-label="Editor of a new resource">
      <DraftEditor
        id={null}
        label="YAML of the new resource"
        title={
          <>
            <h2>New</h2>
            <div className={classes.grow}>
              <Select aria-label="Kind of the new resource" w={200} data={kinds} value={kind} onChange={choose} />
            </div>
          </>
        }
        saved=""
        savedFindings={[]}
        related={[]}
        text={text}
        onText={setDraft}
        line={null}
        onApplied={() => {
          setDraft(null);
          void setState({ resource: idOf(text) });
        }}
        onDeleted={() => undefined}
      />
    </section>
  );
}

/** The id that a document will have; namespaces default as Kubernetes does. */
function idOf(text: string): string {
  const document = parseDocument(text);
  const part = (...path: string[]) => String(document.getIn(path) ?? '');
  const namespace = part('metadata', 'namespace') || 'default';
  return `${part('kind')}/${namespace}/${part('metadata', 'name')}`;
}
