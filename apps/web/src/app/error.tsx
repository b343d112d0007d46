'use client';

import { Button } from '@mantine/core';
import { Notice } from '../components/notice.tsx';

export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <Notice tone="problem" title="This page broke" actions={<Button onClick={reset}>Try again</Button>}>
      {error.message} The mesh is not affected; only this view is.
    </Notice>
  );
}
