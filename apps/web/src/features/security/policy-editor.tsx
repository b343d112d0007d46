'use client';

import { useQuery } from '@tanstack/react-query';
import { Loadable } from '../../components/loadable.tsx';
import { useDraftText } from '../../lib/draft-text.ts';
import { partsOfResourceId } from '../../lib/links.ts';
import { useTRPC } from '../../lib/trpc.ts';
import { PolicyWorkbench } from './policy-workbench.tsx';
import classes from './security.module.css';

export function PolicyEditor({ id }: { id: string }) {
  const trpc = useTRPC();
  const { data, error } = useQuery(trpc.config.get.queryOptions({ id }));
  const [draft, setDraft] = useDraftText(id);
  if (data === undefined) {
    return (
      <section className={classes.editor} aria-label={`Editor of ${id}`}>
        <Loadable data={data} error={error} height={420} what={id}>
          {() => null}
        </Loadable>
      </section>
    );
  }
  const { namespace, name } = partsOfResourceId(id);
  return (
    <PolicyWorkbench
      id={id}
      title={`${namespace}/${name}`}
      saved={data.yaml}
      text={draft ?? data.yaml}
      onText={(text) => setDraft(text === data.yaml ? null : text)}
      onApplied={() => setDraft(null)}
    />
  );
}
