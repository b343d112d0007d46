import type { ApplyResult } from '@weft/agent/api/config-types';
import { FindingList } from './finding-list.tsx';
import { Notice } from './notice.tsx';

interface RefusalProps {
  readonly result: ApplyResult | undefined;
  readonly error: { readonly message: string } | null;
  /** Where an editor beside it shows the findings already. */
  readonly isBrief?: boolean;
}

/** Why nothing was applied. Empty when something was, or nothing was tried. */
export function Refusal({ result, error, isBrief = false }: RefusalProps) {
  if (error !== null) {
    return (
      <Notice tone="problem" title="Nothing was applied" isCompact>
        {error.message}
      </Notice>
    );
  }
  if (result?.status !== 'refused') return null;
  return (
    <Notice tone="problem" title="Refused: nothing was changed" isCompact>
      {result.reason}
      {!isBrief && result.findings.length > 0 && <FindingList findings={result.findings} empty="" />}
    </Notice>
  );
}
