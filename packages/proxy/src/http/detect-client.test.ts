import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionOf, ip } from '@weft/core/engine/facts-for-test';
import { parseIpRange } from '@weft/core/plan/ip-address';
import type { IpDetectionPlan } from '@weft/core/plan/ip-detection-plan';
import fc from 'fast-check';
import { detectClient } from './detect-client.ts';
import { FieldHeaders } from './headers.ts';

const forwarded = (...addresses: readonly string[]): FieldHeaders => {
  const headers = new FieldHeaders();
  headers.set('x-forwarded-for', addresses.join(', '));
  return headers;
};
const trusted = ['127.0.0.0/8', '10.0.0.0/8'].flatMap((text) => {
  const [address = '', length] = text.split('/');
  return parseIpRange(address, Number(length)) ?? [];
});
const ranges: IpDetectionPlan = { kind: 'trustedRanges', trusted, appends: false };
const mesh = fc.ipV4().map((address) => address.replace(/^\d+/, '10'));
const anyone = fc.ipV4().filter((address) => !/^(10|127)\./.test(address));

test('behind trusted proxies the client is the last address that is not theirs', () => {
  fc.assert(
    fc.property(fc.array(fc.ipV4()), anyone, fc.array(mesh), (before, client, proxies) => {
      const found = detectClient([ranges], forwarded(...before, client, ...proxies), connectionOf({ source: ip('127.0.0.1') }));
      assert.equal(found.address?.text, client);
    }),
  );
});

test('a peer outside of the trusted ranges cannot say who it is', () => {
  fc.assert(
    fc.property(anyone, fc.array(fc.ipV4(), { minLength: 1 }), (peer, list) => {
      const found = detectClient([ranges], forwarded(...list), connectionOf({ source: ip(peer) }));
      assert.equal(found.address, null);
      assert.equal(found.appends, true);
    }),
  );
});

test('the way that turns requests away is not asked where an earlier one found the client', () => {
  const needed: IpDetectionPlan = { kind: 'header', name: 'x-client', isTrusted: true, rejectStatus: 401 };
  const ways = [{ kind: 'hops', hops: 0, appends: false } as const, needed];
  assert.equal(detectClient(ways, forwarded('1.2.3.4'), connectionOf()).rejectStatus, null);
  assert.equal(detectClient(ways, new FieldHeaders(), connectionOf()).rejectStatus, 401);
});
