import type { FieldValues, PolicyModel, PolicyRule } from './policy-document.ts';

const verbs = { ALLOW: 'Allows', DENY: 'Denies', AUDIT: 'Audits', CUSTOM: 'Asks the provider about' } as const;

/** What a policy does to whom, in plain words. */
export function policySentence(model: PolicyModel): string {
  const target =
    model.selector === null
      ? `every workload of ${model.namespace === '' ? 'the namespace' : model.namespace}`
      : `workloads with ${Object.entries(model.selector)
          .map(([name, value]) => `${name}=${value}`)
          .join(', ')}`;
  if (model.rules.length === 0) {
    return model.action === 'ALLOW'
      ? `Allows nothing: every request to ${target} is denied, as an ALLOW policy without rules matches none.`
      : `Does nothing: a ${model.action} policy without rules matches no request.`;
  }
  return `${verbs[model.action]} requests to ${target} ${model.rules.map(ruleSentence).join('; or ')}.`;
}

/** One rule: all its parts have to hold, within a part any entry does. */
function ruleSentence(rule: PolicyRule): string {
  const parts = [
    rule.from.length === 0 ? '' : `from ${rule.from.map(fieldsSentence).join(' or ')}`,
    rule.to.length === 0 ? '' : `with ${rule.to.map(fieldsSentence).join(' or ')}`,
    rule.when.length === 0
      ? ''
      : `when ${rule.when.map(({ key, values, notValues }) => conditionSentence(key, values, notValues)).join(' and ')}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'whatever they are' : parts.join(', ');
}

function fieldsSentence(fields: FieldValues): string {
  const parts = Object.entries(fields)
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `${wordOf(name)} ${values.join(' or ')}`);
  return parts.length === 0 ? 'anything' : parts.join(' and ');
}

function wordOf(field: string): string {
  const isNot = field.startsWith('not');
  const plain = isNot ? `${field.charAt(3).toLowerCase()}${field.slice(4)}` : field;
  const singular = plain.replace(/s$/, '').replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
  return isNot ? `${singular} other than` : singular;
}

function conditionSentence(key: string, values: readonly string[], notValues: readonly string[]): string {
  const is = values.length > 0 ? `${key} is ${values.join(' or ')}` : '';
  const isNot = notValues.length > 0 ? `${key} is not ${notValues.join(' or ')}` : '';
  return [is, isNot].filter((part) => part !== '').join(' and ') || `${key} is set`;
}
