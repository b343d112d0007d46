'use client';

import dynamic from 'next/dynamic';

/** The chart library comes in its own chunk, after the page is readable. */
export const LazyTimeChart = dynamic(() => import('./time-chart.tsx').then((module) => module.TimeChart), {
  ssr: false,
  loading: () => <div style={{ height: 192 }} role="status" aria-label="Loading the chart" />,
});
