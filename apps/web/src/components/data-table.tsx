'use client';

import { UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconSelector } from '@tabler/icons-react';
import {
  type ColumnDef,
  flexRender,
  getCoreRowModel,
  getSortedRowModel,
  type Header,
  type SortingState,
  useReactTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useRef } from 'react';
import classes from './data-table.module.css';

interface DataTableProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly columns: readonly ColumnDef<T>[];
  readonly rowId: (row: T) => string;
  readonly sorting: SortingState;
  readonly onSort: (sorting: SortingState) => void;
  /** Shown instead of rows: why there are none. */
  readonly empty: ReactNode;
  readonly selectedId?: string | null;
  readonly maxHeight?: string;
  /** Columns without a size share what is left, and their content is cut; otherwise content decides. */
  readonly isFixed?: boolean;
}

const rowHeight = 34;

/** A sortable table that renders only the rows in view. Columns with `meta.isNumber` align right. */
export function DataTable<T>({
  label,
  rows,
  columns,
  rowId,
  sorting,
  onSort,
  empty,
  selectedId = null,
  maxHeight = '70dvh',
  isFixed = false,
}: DataTableProps<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const table = useReactTable({
    data: rows as T[],
    columns: columns as ColumnDef<T>[],
    getRowId: rowId,
    state: { sorting },
    onSortingChange: (update) => onSort(typeof update === 'function' ? update(sorting) : update),
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    sortDescFirst: true,
  });
  const sorted = table.getRowModel().rows;
  const virtualizer = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
    <section ref={scroller} className={classes.scroller} style={{ maxHeight }} tabIndex={0} aria-label={`${label}, scrollable`}>
      <table className={classes.table} data-fixed={isFixed} aria-label={label} aria-rowcount={sorted.length + 1}>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => (
                <HeaderCell key={header.id} header={header} />
              ))}
            </tr>
          ))}
        </thead>
        <tbody>
          {before > 0 && <Spacer height={before} />}
          {items.map((item) => {
            const row = sorted[item.index];
            if (row === undefined) return null;
            return (
              <tr key={row.id} data-selected={row.id === selectedId} aria-rowindex={item.index + 2}>
                {row.getVisibleCells().map((cell) => (
                  <td key={cell.id} data-number={isNumber(cell.column.columnDef)}>
                    {flexRender(cell.column.columnDef.cell, cell.getContext())}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && <Spacer height={after} />}
        </tbody>
      </table>
      {sorted.length === 0 && empty}
    </section>
  );
}

function HeaderCell<T>({ header }: { header: Header<T, unknown> }) {
  const direction = header.column.getIsSorted();
  const Icon = direction === 'asc' ? IconArrowUp : direction === 'desc' ? IconArrowDown : IconSelector;
  const content = flexRender(header.column.columnDef.header, header.getContext());
  const sortWord = direction === 'asc' ? 'ascending' : direction === 'desc' ? 'descending' : 'none';
  return (
    <th
      scope="col"
      data-number={isNumber(header.column.columnDef)}
      aria-sort={sortWord}
      style={{ width: widthOf(header.column.columnDef.size) }}
    >
      {header.column.getCanSort() ? (
        <UnstyledButton className={classes.sort} onClick={header.column.getToggleSortingHandler()} data-active={direction !== false}>
          {content}
          <Icon size={13} aria-hidden />
        </UnstyledButton>
      ) : (
        content
      )}
    </th>
  );
}

/** The table library gives every column 150 when it has no size of its own. */
function widthOf(size: number | undefined): number | undefined {
  return size === 150 ? undefined : size;
}

function Spacer({ height }: { height: number }) {
  return (
    <tr>
      <td style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

function isNumber(column: { readonly meta?: unknown }): boolean {
  return (column.meta as { readonly isNumber?: boolean } | undefined)?.isNumber === true;
}
