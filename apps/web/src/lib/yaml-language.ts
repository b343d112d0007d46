import type * as Monaco from 'monaco-editor/editor/editor.api.js';
import { helpAt, suggestAt } from './schema-help.ts';

/** Schema completion and hover documentation for YAML. The schemas are a chunk of their own, loaded with the first question. */
export function registerYamlHelp(monaco: typeof Monaco): void {
  const loadSchemas = async () => (await import('@weft/core/resource/kind-schemas')).kindSchemas;
  monaco.languages.registerCompletionItemProvider('yaml', {
    triggerCharacters: [' ', '\n', '-'],
    provideCompletionItems: async (model, position) => {
      const suggestions = suggestAt(model.getValue(), position.lineNumber - 1, position.column - 1, await loadSchemas());
      const word = model.getWordUntilPosition(position);
      const range = new monaco.Range(position.lineNumber, word.startColumn, position.lineNumber, word.endColumn);
      return { suggestions: suggestions.map((suggestion) => toItem(monaco, suggestion, range)) };
    },
  });
  monaco.languages.registerHoverProvider('yaml', {
    provideHover: async (model, position) => {
      const help = helpAt(model.getValue(), position.lineNumber - 1, position.column - 1, await loadSchemas());
      if (help === null) return null;
      return { contents: [{ value: `**${help.title}** \`${help.type}\`` }, { value: help.documentation }] };
    },
  });
}

function toItem(
  monaco: typeof Monaco,
  suggestion: ReturnType<typeof suggestAt>[number],
  range: Monaco.IRange,
): Monaco.languages.CompletionItem {
  return {
    label: suggestion.label,
    detail: suggestion.detail,
    documentation: suggestion.documentation,
    insertText: suggestion.insert,
    insertTextRules:
      monaco.languages.CompletionItemInsertTextRule.InsertAsSnippet | monaco.languages.CompletionItemInsertTextRule.KeepWhitespace,
    kind: suggestion.insert.endsWith('$0') ? monaco.languages.CompletionItemKind.Field : monaco.languages.CompletionItemKind.EnumMember,
    // Required fields first.
    sortText: `${suggestion.isRequired ? 0 : 1}${suggestion.label}`,
    range,
  };
}
