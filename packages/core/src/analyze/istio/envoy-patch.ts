import type { EnvoyFilter, EnvoyFilterSpec } from '../../resource/kinds.ts';
import type { AnalyzerContext, SetAnalyzer } from '../analyzer.ts';
import { object, objects, scalar, text } from '../fields.ts';
import type { MessageType } from '../message-types.ts';
import { fact } from '../proof.ts';

type Patch = NonNullable<NonNullable<EnvoyFilterSpec['configPatches']>[number]>;

/** EnvoyFilter patches that do nothing, or that depend on the order in which filters are applied. */
export const envoyPatchAnalyzer: SetAnalyzer = {
  name: 'envoyfilter.EnvoyPatchAnalyzer',
  scope: 'set',
  isDefault: true,
  analyze(context) {
    const versioned = new Set<string>();
    for (const filter of context.set.ofKind('EnvoyFilter')) {
      for (const [index, patch] of objects(object(filter.spec).configPatches)) {
        if (!patch.patch) break;
        checkPatch(filter, index, patch, versioned, context);
        if (text(object(object(patch.match).proxy).proxyVersion) !== '') versioned.add(patchedName(patch));
      }
    }
  },
};

function checkPatch(filter: EnvoyFilter, index: number, patch: Patch, versioned: ReadonlySet<string>, context: AnalyzerContext): void {
  const applyTo = text(patch.applyTo);
  const appliesToRoutes = applyTo === 'ROUTE_CONFIGURATION' || applyTo === 'HTTP_ROUTE';
  const operation = text(object(patch.patch).operation);
  const report = (type: MessageType, message: string): void =>
    context.report({
      type,
      resource: filter,
      path: `spec.configPatches[${index}].patch.operation`,
      identity: '',
      message,
      proof: [
        fact(filter, `spec.configPatches[${index}].applyTo`, `is ${applyTo}`),
        fact(filter, `spec.configPatches[${index}].patch.operation`, `is ${operation}`),
      ],
    });
  switch (operation) {
    case 'ADD':
      if (appliesToRoutes)
        report(
          'EnvoyFilterUsesAddOperationIncorrectly',
          `ADD is ignored when applied to ${applyTo}. Use INSERT_FIRST, INSERT_BEFORE or MERGE.`,
        );
      return;
    case 'REMOVE':
      if (appliesToRoutes) report('EnvoyFilterUsesRemoveOperationIncorrectly', `REMOVE is ignored when applied to ${applyTo}.`);
      else checkOrder(filter, patch, versioned, report);
      return;
    case 'REPLACE':
      if (applyTo !== 'NETWORK_FILTER' && applyTo !== 'HTTP_FILTER')
        report(
          'EnvoyFilterUsesReplaceOperationIncorrectly',
          `REPLACE works only on HTTP_FILTER and NETWORK_FILTER, not on ${applyTo}. Use MERGE.`,
        );
      else checkOrder(filter, patch, versioned, report);
      return;
    case 'INSERT_BEFORE':
    case 'INSERT_AFTER':
      checkOrder(filter, patch, versioned, report);
  }
}

function checkOrder(
  filter: EnvoyFilter,
  patch: Patch,
  versioned: ReadonlySet<string>,
  report: (type: MessageType, message: string) => void,
): void {
  if (object(filter.spec).priority) return;
  const advice = 'Set spec.priority, or use INSERT_FIRST or ADD.';
  if (versioned.has(patchedName(patch))) {
    report(
      'EnvoyFilterUsesRelativeOperationWithProxyVersion',
      `The patch is relative to a filter that another patch adds for one proxy version only; during an upgrade it may not apply. ${advice}`,
    );
  } else {
    report(
      'EnvoyFilterUsesRelativeOperation',
      `The patch is relative to another filter and the EnvoyFilter has no priority, so it may be applied before that filter is there. ${advice}`,
    );
  }
}

/** The filter that a patch puts in or, failing that, the one it is placed by. */
function patchedName(patch: Patch): string {
  const value = object(object(patch.patch).value as { name?: unknown } | undefined);
  if (Object.keys(value).length === 0) return '';
  if (value.name !== undefined && value.name !== null) return `string_value:${scalar(value.name)}`;
  return text(object(object(object(object(patch.match).listener).filterChain).filter).name);
}
