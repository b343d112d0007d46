import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendAt, readPolicy, setAt } from './policy-document.ts';

const text = `# Who may pay
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: payment-callers # the name
  namespace: default
spec:
  selector:
    matchLabels: { app: payment-service }
  action: ALLOW
  rules:
    # the shop itself
    - from:
        - source:
            principals:
              - cluster.local/ns/default/sa/order-service # orders
              - cluster.local/ns/shop/sa/storefront
      to:
        - operation:
            notMethods: ["DELETE"]
      when:
        - key: request.headers[x-tier]
          values: ["gold"]
`;

function modelOf(yaml: string) {
  const read = readPolicy(yaml);
  assert.ok('model' in read, 'problem' in read ? read.problem : '');
  return read.model;
}

test('a policy is read with its action, selector, rules and every not-field', () => {
  const model = modelOf(text);
  assert.equal(model.action, 'ALLOW');
  assert.deepEqual(model.selector, { app: 'payment-service' });
  assert.deepEqual(model.rules, [
    {
      from: [{ principals: ['cluster.local/ns/default/sa/order-service', 'cluster.local/ns/shop/sa/storefront'] }],
      to: [{ notMethods: ['DELETE'] }],
      when: [{ key: 'request.headers[x-tier]', values: ['gold'], notValues: [] }],
    },
  ]);
});

test('an absent action is ALLOW, and no selector means the whole namespace', () => {
  const model = modelOf('kind: AuthorizationPolicy\nmetadata: {name: a, namespace: b}\nspec: {}\n');
  assert.equal(model.action, 'ALLOW');
  assert.equal(model.selector, null);
  assert.deepEqual(model.rules, []);
});

test('text that is no policy is a problem in words, not an exception', () => {
  assert.ok('problem' in readPolicy('a: [1'));
  assert.ok('problem' in readPolicy(''));
  assert.ok('problem' in readPolicy('kind: VirtualService\n'));
  assert.ok('problem' in readPolicy('kind: AuthorizationPolicy\nspec: {action: PERHAPS}\n'));
});

test('setting a field keeps every comment and the rest of the text', () => {
  const edited = setAt(text, ['spec', 'action'], 'DENY');
  assert.equal(
    edited,
    text.replace('action: ALLOW', 'action: DENY').replaceAll('["DELETE"]', '[ "DELETE" ]').replaceAll('["gold"]', '[ "gold" ]'),
  );
});

test('values that stay in a list keep their comments', () => {
  const path = ['spec', 'rules', 0, 'from', 0, 'source', 'principals'];
  const edited = setAt(text, path, ['cluster.local/ns/default/sa/order-service', 'cluster.local/ns/shop/sa/cart']);
  assert.match(edited, /order-service # orders/);
  assert.doesNotMatch(edited, /storefront/);
  assert.match(edited, /- cluster\.local\/ns\/shop\/sa\/cart/);
});

test('missing parents are made, and number-like values stay strings', () => {
  const edited = setAt('kind: AuthorizationPolicy\n', ['spec', 'rules', 0, 'to', 0, 'operation', 'ports'], ['8080']);
  assert.deepEqual(modelOf(edited).rules[0]?.to, [{ ports: ['8080'] }]);
  assert.match(edited, /"8080"/);
});

test('removing the last source removes the empty list with it, for an empty from matches nothing', () => {
  const edited = setAt(text, ['spec', 'rules', 0, 'from', 0], undefined);
  assert.doesNotMatch(edited, /from/);
  assert.match(edited, /notMethods/);
});

test('a rule whose last part goes stays as a rule that matches everything', () => {
  let edited = setAt(text, ['spec', 'rules', 0, 'from', 0], undefined);
  edited = setAt(edited, ['spec', 'rules', 0, 'to', 0], undefined);
  edited = setAt(edited, ['spec', 'rules', 0, 'when', 0], undefined);
  assert.deepEqual(modelOf(edited).rules, [{ from: [], to: [], when: [] }]);
});

test('rules are appended behind the others', () => {
  const edited = appendAt(text, ['spec', 'rules'], { to: [{ operation: { methods: ['GET'] } }] });
  assert.deepEqual(modelOf(edited).rules[1]?.to, [{ methods: ['GET'] }]);
  assert.match(edited, /# the shop itself/);
});

test('a rule that is built up step by step is written in block style', () => {
  const rules = ['spec', 'rules'];
  let edited = appendAt('kind: AuthorizationPolicy\nspec:\n  action: DENY\n', rules, {});
  edited = appendAt(edited, [...rules, 0, 'from'], { source: { principals: [] } });
  edited = setAt(edited, [...rules, 0, 'from', 0, 'source', 'principals'], ['a', 'b']);
  assert.equal(
    edited,
    'kind: AuthorizationPolicy\nspec:\n  action: DENY\n  rules:\n    - from:\n        - source:\n            principals:\n              - a\n              - b\n',
  );
});
