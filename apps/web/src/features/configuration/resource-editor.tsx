'use client';

import { useQuery } from '@tanstack/react-query';
import type { ResourceDetail } from '@weft/agent/api/config-types';
import { KindBadge } from '../../components/kind-badge.tsx';
import { Loadable } from '../../components/loadable.tsx';
import { useDraftText } from '../../lib/draft-text.ts';
import { partsOfResourceId } from '../../lib/links.ts';
import { useTRPC } from '../../lib/trpc.ts';
import classes from './configuration.module.css';
import { useConfigurationState } from './configuration-state.ts';
import { DraftEditor } from './draft-editor.tsx';

export function ResourceEditor({ id }: { id: string }) {
  const trpc = useTRPC();
  const { data, error } = useQuery(trpc.config.get.queryOptions({ id }));
  return (
    <section className={classes.editor} aria-label={`Editor of ${id}`}>
      <Loadable data={data} error={error} height={420} what={id}>
        {(detail) => <OpenResource key={detail.summary.id} id={id} detail={detail} />}
      </Loadable>
    </section>
  );
}

function OpenResource({ id, detail }: { id: string; detail: ResourceDetail }) {
  const [{ line }, setState] = useConfigurationState();
  const [draft, setDraft] = useDraftText(id);
  const { kind, namespace, name } = partsOfResourceId(id);
  const title = (
    <>
      <KindBadge kind={kind} />
      <h2>
        {namespace === '' ? '' : `${namespace}/`}
        {name}
      </h2>
      <span className={`${classes.dim} ${classes.grow} mono`}>
        {detail.summary.file}:{detail.summary.line}
      </span>
    </>
  );
  return (
    <DraftEditor
      id={id}
      label={`YAML of ${id}`}
      title={title}
      saved={detail.yaml}
      savedFindings={detail.findings}
      related={detail.related}
      text={draft ?? detail.yaml}
      onText={(text) => setDraft(text === detail.yaml ? null : text)}
      line={line === null ? null : Math.max(1, line - detail.summary.line + 1)}
      onApplied={() => setDraft(null)}
      onDeleted={() => void setState({ resource: null })}
    />
  );
}
