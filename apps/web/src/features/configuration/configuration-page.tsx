'use client';
import { YamlEditor } from '../../components/yaml-editor.tsx';
export function ConfigurationPage() {
  return (
    <div style={{ height: 400 }}>
      <YamlEditor value={'a: 1\nb: "x"\n'} label="t" />
    </div>
  );
}
