interface SparklineProps {
  readonly values: readonly (number | null)[];
  readonly color?: string;
  readonly width?: number;
  readonly height?: number;
}

/** A trend beside a number. It says nothing on its own, so it is hidden from screen readers. */
export function Sparkline({ values, color = 'var(--w-series-1)', width = 96, height = 24 }: SparklineProps) {
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
      style={{ display: 'block', overflow: 'visible' }}
    >
      <path d={pathOf(values, width, height)} fill="none" stroke={color} strokeWidth={1.5} strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}

function pathOf(values: readonly (number | null)[], width: number, height: number): string {
  const top = Math.max(...values.map((value) => value ?? 0), Number.EPSILON);
  const step = width / Math.max(1, values.length - 1);
  let path = '';
  let isPenUp = true;
  values.forEach((value, index) => {
    if (value === null) {
      isPenUp = true;
      return;
    }
    path += `${isPenUp ? 'M' : 'L'}${(index * step).toFixed(1)} ${(height - 1 - (value / top) * (height - 2)).toFixed(1)}`;
    isPenUp = false;
  });
  return path;
}
