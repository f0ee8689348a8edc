// The same questions to every client library (clients.mjs), before the embedded model: whole answers, streams, counts,
// stop strings, and errors that are theirs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CLIENTS } from './clients.mjs';
import { QuernServer } from './quern_server.mjs';

const WORDS = 'Once upon a time';
const greedy = { maxTokens: 12, temperature: 0 };

let server;
let model;
before(async () => {
  server = await QuernServer.start();
  model = (await server.client().models.list()).data[0].id;
});
after(async () => {
  await server.assertAllPagesFree();
  await server.stop();
});

function tests({ client, ends, stop, status, countsBegin = false, bad = { temperature: -1 } }) {
  const connect = (at = {}) => client({ url: server.url, model, ...at });

  test('a stream is the whole answer in pieces', async () => {
    const whole = await connect().answer(WORDS, greedy);
    let text = '';
    const streamed = await connect().stream(WORDS, { ...greedy, onText: (piece) => { text += piece; } });
    assert.ok(whole.text.length > 0);
    assert.equal(text, whole.text);
    assert.equal(streamed.text, whole.text);
    assert.ok(whole.input > 0 && whole.output > 0 && whole.output <= 12, JSON.stringify(whole));
    assert.deepEqual([streamed.input, streamed.output, streamed.end], [whole.input, whole.output + (countsBegin ? 1 : 0), whole.end]);
    assert.equal(whole.end, whole.output === 12 ? ends.length : ends.turn);
  });

  test('a stop string ends the answer before it', { skip: !stop && 'cannot name one' }, async () => {
    const whole = await connect().answer(WORDS, greedy);
    const word = whole.text.trim().split(' ')[3];
    const cut = await connect().answer(WORDS, { ...greedy, stop: [word] });
    assert.equal(cut.text.trimEnd(), whole.text.slice(0, whole.text.indexOf(word)).trimEnd());
    assert.equal(cut.end, ends.stop);
  });

  for (const how of ['answer', 'stream']) {
    test(`errors of ${how}() are its own`, async () => {
      const refused = (at, words, ask, code, what) => assert.rejects(connect(at)[how](words, { ...greedy, ...ask }), (e) => {
        assert.equal(status(e), code, e);
        assert.match(e.message + (e.responseBody ?? ''), what);
        return true;
      });
      await refused({ model: 'other' }, WORDS, {}, 404, /other/);
      await refused({}, WORDS, bad, 400, new RegExp(Object.keys(bad)[0]));
      await refused({}, 'word '.repeat(400), {}, 400, /maximum context length|prompt is too long|exceeded max context/);
    });
  }
}

describe('clients', { concurrency: true }, () => {
  for (const client of CLIENTS) describe(client.name, () => tests(client));
});
