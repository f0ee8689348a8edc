// Ollama's own client, unchanged: every call and option that the server claims to support.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Ollama } from 'ollama';
import { QuernServer } from './quern_server.mjs';

const PROMPT = 'Once upon a time';
const STORY = ', there was a little girl named Lily.';
const options = { temperature: 0, num_predict: 30, num_ctx: 8192 };

let server;
let client;
let model;
before(async () => {
  server = await QuernServer.start();
  client = new Ollama({ host: server.url });
  model = (await client.list()).models[0].name;
});
after(() => server.stop());

test('list, show, ps, version', async () => {
  assert.ok(model.endsWith(':latest'));
  const shown = await client.show({ model });
  assert.ok(shown.capabilities.includes('completion'));
  assert.equal(shown.model_info['general.architecture'], shown.details.family);
  assert.equal((await client.ps()).models[0].name, model);
  assert.ok((await client.version()).version);
});

test('generate, whole and raw', async () => {
  const answer = await client.generate({ model, prompt: PROMPT, raw: true, options, keep_alive: '5m' });
  assert.ok(answer.response.startsWith(STORY), answer.response);
  assert.equal(answer.done_reason, 'length');
  assert.equal(answer.eval_count, 30);
  assert.ok(answer.total_duration >= answer.eval_duration);
});

test('generate, streamed: the same text in pieces', async () => {
  const whole = await client.generate({ model, prompt: PROMPT, raw: true, options });
  let text = '';
  let last;
  for await (const part of await client.generate({ model, prompt: PROMPT, raw: true, options, stream: true })) {
    text += part.response;
    last = part;
  }
  assert.equal(text, whole.response);
  assert.equal(last.done, true);
  assert.equal(last.eval_count, 30);
});

test('chat, whole and streamed', async () => {
  const messages = [{ role: 'system', content: 'Be kind.' }, { role: 'user', content: PROMPT }];
  const whole = await client.chat({ model, messages, options });
  assert.equal(whole.message.role, 'assistant');
  let text = '';
  for await (const part of await client.chat({ model, messages, options, stream: true })) text += part.message.content;
  assert.equal(text, whole.message.content);
});

test('think: false and null change nothing where nobody thinks', async () => {
  const messages = [{ role: 'user', content: 'x' }];
  for (const think of [false, null, undefined]) {
    assert.ok((await client.chat({ model, messages, options: { num_predict: 1 }, think })).done);
  }
});

test('abort in mid-stream', async () => {
  const stream = await client.generate({ model, prompt: PROMPT, raw: true, stream: true });
  await assert.rejects(async () => {
    for await (const part of stream) {
      assert.equal(part.done, false);
      stream.abort();
    }
  }, { name: 'AbortError' });
});

describe('errors are text', () => {
  test('another model', () => assert.rejects(client.chat({ model: 'other', messages: [{ role: 'user', content: 'x' }] }),
    (e) => e.status_code === 404 && e.error.includes('other')));
  test('a wrong option', () => assert.rejects(client.generate({ model, prompt: 'x', options: { temperature: 'hot' } }),
    (e) => e.status_code === 400 && e.error.includes('options.temperature')));
  test('too long', () => assert.rejects(client.generate({ model, prompt: 'word '.repeat(2000), raw: true }),
    (e) => e.status_code === 400 && e.error.startsWith('prompt too long; exceeded max context length')));
});
