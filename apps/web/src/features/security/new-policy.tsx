'use client';

import { useDraftText } from '../../lib/draft-text.ts';
import { readPolicy } from './policy-document.ts';
import { PolicyWorkbench } from './policy-workbench.tsx';
import { useSecurityState } from './security-state.ts';

const template = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: new-policy
  namespace: default
spec:
  action: DENY
`;

export function NewPolicy() {
  const [, setState] = useSecurityState();
  const [draft, setDraft] = useDraftText('new policy');
  const text = draft ?? template;
  return (
    <PolicyWorkbench
      id={null}
      title="New policy"
      saved={template}
      text={text}
      onText={setDraft}
      onApplied={(revision) => {
        const read = readPolicy(text);
        setDraft(null);
        if ('model' in read)
          void setState({ policy: `AuthorizationPolicy/${read.model.namespace || 'default'}/${read.model.name}`, applied: revision });
      }}
    />
  );
}
