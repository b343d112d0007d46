'use client';

import { useComputedColorScheme } from '@mantine/core';
import type { editor } from 'monaco-editor/editor/editor.api.js';
import { useEffect, useRef } from 'react';
import { loadMonaco } from '../lib/monaco.ts';
import classes from './yaml-editor.module.css';

interface EditorMarker {
  readonly level: 'Error' | 'Warning' | 'Info';
  readonly code: string;
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly documentationUrl: string | null;
}

interface YamlEditorProps {
  readonly value: string;
  readonly onChange?: (text: string) => void;
  readonly markers?: readonly EditorMarker[];
  readonly label: string;
  readonly isReadOnly?: boolean;
  /** A new object moves the cursor to its line. */
  readonly revealed?: { readonly line: number } | null;
  /** Ctrl-S. */
  readonly onSave?: () => void;
}

const owner = 'weft';

export function MonacoYamlEditor({ value, onChange, markers = [], label, isReadOnly = false, revealed = null, onSave }: YamlEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const instance = useRef<editor.IStandaloneCodeEditor | null>(null);
  const callbacks = useRef({ onChange, onSave });
  callbacks.current = { onChange, onSave };
  const first = useRef({ value, label, isReadOnly });
  const scheme = useComputedColorScheme('light');

  useEffect(() => {
    if (host.current === null) return undefined;
    const monaco = loadMonaco();
    const created = monaco.editor.create(host.current, {
      ...baseOptions,
      value: first.current.value,
      ariaLabel: first.current.label,
      readOnly: first.current.isReadOnly,
    });
    instance.current = created;
    created.onDidChangeModelContent(() => callbacks.current.onChange?.(created.getValue()));
    created.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.KeyS, () => callbacks.current.onSave?.());
    return () => {
      created.getModel()?.dispose();
      created.dispose();
      instance.current = null;
    };
  }, []);

  useEffect(() => {
    loadMonaco().editor.setTheme(scheme === 'dark' ? 'weft-dark' : 'weft-light');
  }, [scheme]);

  useEffect(() => {
    const current = instance.current;
    if (current !== null && current.getValue() !== value) current.setValue(value);
  }, [value]);

  useEffect(() => {
    instance.current?.updateOptions({ readOnly: isReadOnly, ariaLabel: label });
  }, [isReadOnly, label]);

  useEffect(() => {
    const model = instance.current?.getModel();
    if (model == null) return;
    const monaco = loadMonaco();
    monaco.editor.setModelMarkers(
      model,
      owner,
      markers.map((marker) => toMonacoMarker(marker, model)),
    );
  }, [markers]);

  useEffect(() => {
    if (revealed === null) return;
    instance.current?.revealLineInCenterIfOutsideViewport(revealed.line);
    instance.current?.setPosition({ lineNumber: revealed.line, column: 1 });
    instance.current?.focus();
  }, [revealed]);

  return <div ref={host} className={classes.editor} data-testid="yaml-editor" />;
}

const baseOptions: editor.IStandaloneEditorConstructionOptions = {
  language: 'yaml',
  automaticLayout: true,
  minimap: { enabled: false },
  fontFamily: "'JetBrains Mono Variable', ui-monospace, monospace",
  fontSize: 12.5,
  lineHeight: 20,
  tabSize: 2,
  scrollBeyondLastLine: false,
  renderLineHighlight: 'line',
  lineNumbersMinChars: 4,
  padding: { top: 8, bottom: 8 },
  fixedOverflowWidgets: true,
  overviewRulerLanes: 2,
  renderFinalNewline: 'on',
  // The accessible way out of an editor that takes Tab: Ctrl-M, which the page mentions.
  tabFocusMode: false,
  wordWrap: 'on',
  quickSuggestions: { other: true, comments: false, strings: true },
};

function toMonacoMarker(marker: EditorMarker, model: editor.ITextModel): editor.IMarkerData {
  const { MarkerSeverity, Uri } = loadMonaco();
  const severity = { Error: MarkerSeverity.Error, Warning: MarkerSeverity.Warning, Info: MarkerSeverity.Info }[marker.level];
  const line = Math.min(Math.max(1, marker.line), model.getLineCount());
  const text = model.getLineContent(line);
  const startColumn = Math.min(Math.max(marker.column, text.length - text.trimStart().length + 1), text.length + 1);
  return {
    severity,
    message: marker.message,
    code: marker.documentationUrl === null ? marker.code : { value: marker.code, target: Uri.parse(marker.documentationUrl) },
    source: 'weft',
    startLineNumber: line,
    endLineNumber: line,
    startColumn,
    endColumn: Math.max(startColumn + 1, text.length + 1),
  };
}
