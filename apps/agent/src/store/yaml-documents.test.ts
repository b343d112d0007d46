import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendDocument, findDocument, removeDocument, replaceDocument } from './yaml-documents.ts';

const document = (name: string, comment = ''): string =>
  `${comment}apiVersion: v1\nkind: Service\nmetadata: { name: ${name}, namespace: shop } # ${name}\n`;
const text = `# the file\n${document('a')}--- # second\n${document('b', '# about b\n')}---\n${document('c')}`;

test('a document is found with its comments', () => {
  assert.equal(findDocument(text, 'Service/shop/b'), document('b', '# about b\n'));
  assert.equal(findDocument(text, 'Service/shop/none'), null);
});

test('replacing one document leaves every other character of the file', () => {
  const replaced = replaceDocument(text, 'Service/shop/b', document('b', '# new\n'));
  assert.equal(replaced, text.replace('# about b', '# new'));
});

test('documents are removed with their separators, the first one too', () => {
  assert.equal(removeDocument(text, 'Service/shop/b'), `# the file\n${document('a')}---\n${document('c')}`);
  assert.equal(removeDocument(text, 'Service/shop/a'), `${document('b', '# about b\n')}---\n${document('c')}`);
});

test('a document is added after a separator of its own', () => {
  assert.equal(appendDocument(document('a').trimEnd(), document('b')), `${document('a')}---\n${document('b')}`);
  assert.equal(appendDocument('', document('b')), document('b'));
});

test('a list is no document of one resource', () => {
  const list =
    'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}}\n- {apiVersion: v1, kind: Service, metadata: {name: b, namespace: shop}}\n';
  assert.equal(replaceDocument(list, 'Service/shop/a', 'x'), null);
});
