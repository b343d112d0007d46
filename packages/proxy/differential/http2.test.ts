import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { frame, h2Error } from '../src/http/h2-frames.ts';
import { findEnvoy } from './envoy.ts';
import { h2Cases } from './h2-cases.ts';
import { type H2Outcome, h2Frame, h2Headers, sendH2 } from './h2-client.ts';
import { logEntries } from './observe.ts';
import type { SeenRequest } from './seen-request.ts';
import { type Side, startOurs, startTheirs, stopSides } from './sides.ts';

const envoy = findEnvoy();

describe('Weft and Envoy end the same HTTP/2 connections the same way', {
  skip: envoy === null ? 'no Envoy at hand: set WEFT_ENVOY or install one' : false,
}, () => {
  let ours: Side;
  let theirs: Side;

  before(async () => {
    ours = await startOurs();
    theirs = await startTheirs(envoy ?? '');
  });

  after(() => stopSides([ours, theirs]));

  for (const each of h2Cases.filter(({ name }) => new RegExp(process.env.WEFT_CASE ?? '').test(name))) {
    test(each.name, async () => {
      const observe = async (side: Side): Promise<Observation> => {
        side.origin.take();
        const outcome = await sendH2(side.ports.listeners[each.setup ?? 'http2'] ?? 0, each.bytes(), each);
        return { ...outcome, seen: side.origin.take().map(comparable) };
      };
      const [weft, reference] = await Promise.all([observe(ours), observe(theirs)]);
      if (each.accepted !== undefined) return;
      if (each.isFlood === true) assert.equal(weft.isClosed, reference.isClosed);
      // Weft says why it closes a connection also where Envoy only closes it.
      else assert.deepEqual({ ...weft, goaway: reference.goaway === null ? null : weft.goaway }, reference);
    });
  }

  for (const [code, path] of [
    [h2Error.cancel, '/slow/300'],
    [h2Error.internal, '/slow/300'],
    [h2Error.refusedStream, '/slow/300'],
    [h2Error.none, '/slow/300'],
  ] as const) {
    test(`what logs tell of a client that resets its stream with ${code}`, async () => {
      const id = `reset-${code}`;
      const reason = Buffer.alloc(4);
      reason.writeUInt32BE(code);
      const fields = [':method', 'GET', ':scheme', 'http', ':path', path, ':authority', 'a.example.com', 'x-case', id];
      const observe = async (side: Side): Promise<unknown> => {
        await sendH2(side.ports.listeners.http2 ?? 0, Buffer.concat([h2Headers(1, fields, true), h2Frame(frame.rstStream, 0, 1, reason)]));
        return logEntries(side, id, 1);
      };
      const [weft, reference] = await Promise.all([observe(ours), observe(theirs)]);
      assert.deepEqual(weft, reference);
    });
  }
});

interface Observation extends H2Outcome {
  readonly seen: readonly object[];
}

/** What the application saw, without what differs from run to run. */
function comparable({ method, url, body, headers, trailers }: SeenRequest): object {
  const named: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    named.push(name === 'x-request-id' || name === 'x-envoy-expected-rq-timeout-ms' ? name : `${name}: ${headers[i + 1]}`);
  }
  return { method, url, body, headers: named.sort(), trailers };
}
