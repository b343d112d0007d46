'use client';

import { Skeleton } from '@mantine/core';
import dynamic from 'next/dynamic';

/** The code editor arrives in its own chunk, when a page shows one. */
export const YamlEditor = dynamic(() => import('./monaco-yaml-editor.tsx').then((module) => module.MonacoYamlEditor), {
  ssr: false,
  loading: () => <Skeleton height="100%" radius={0} role="status" aria-label="Loading the editor" />,
});
