import 'monaco-editor/features/bracketMatching/register.js';
import 'monaco-editor/features/caretOperations/register.js';
import 'monaco-editor/features/clipboard/register.js';
import 'monaco-editor/features/comment/register.js';
import 'monaco-editor/features/contextmenu/register.js';
import 'monaco-editor/features/find/register.js';
import 'monaco-editor/features/folding/register.js';
import 'monaco-editor/features/gotoError/register.js';
import 'monaco-editor/features/hover/register.js';
import 'monaco-editor/features/indentation/register.js';
import 'monaco-editor/features/linesOperations/register.js';
import 'monaco-editor/features/multicursor/register.js';
import 'monaco-editor/features/snippet/register.js';
import 'monaco-editor/editor/contrib/suggest/browser/suggestController.js';
import 'monaco-editor/features/toggleTabFocusMode/register.js';
import 'monaco-editor/features/wordHighlighter/register.js';
import 'monaco-editor/features/wordOperations/register.js';
import 'monaco-editor/languages/definitions/yaml/register.js';
import * as monaco from 'monaco-editor/editor/editor.api.js';
import { registerYamlHelp } from './yaml-language.ts';

/** The editor with what YAML needs and nothing else; its worker is a chunk of this console. */
export function loadMonaco(): typeof monaco {
  if (self.MonacoEnvironment === undefined) {
    self.MonacoEnvironment = { getWorker: () => new Worker(new URL('./monaco-worker.ts', import.meta.url), { type: 'module' }) };
    defineThemes();
    registerYamlHelp(monaco);
  }
  return monaco;
}

function defineThemes(): void {
  monaco.editor.defineTheme('weft-light', {
    base: 'vs',
    inherit: true,
    rules: [
      { token: 'type', foreground: '3f49b8' },
      { token: 'string', foreground: '17694f' },
      { token: 'number', foreground: '9a4a00' },
      { token: 'comment', foreground: '667085', fontStyle: 'italic' },
    ],
    colors: { 'editor.background': '#ffffff', 'editorLineNumber.foreground': '#626c7c', 'editor.lineHighlightBackground': '#f6f7f9' },
  });
  monaco.editor.defineTheme('weft-dark', {
    base: 'vs-dark',
    inherit: true,
    rules: [
      { token: 'type', foreground: 'a4acf7' },
      { token: 'string', foreground: '7fd1b4' },
      { token: 'number', foreground: 'e6b273' },
      { token: 'comment', foreground: '8b95a6', fontStyle: 'italic' },
    ],
    colors: {
      'editor.background': '#13171f',
      'editorLineNumber.foreground': '#7d8799',
      'editor.lineHighlightBackground': '#1a1f29',
      'editorGutter.background': '#13171f',
    },
  });
}
