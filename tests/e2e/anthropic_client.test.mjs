// Anthropic's own client, unchanged: messages, streams, tokens, errors.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { QuernServer } from './quern_server.mjs';

const messages = [{ role: 'user', content: 'Once upon a time' }];
const greedy = { max_tokens: 20, temperature: 0, messages };

let server;
let client;
let model;
before(async () => {
  server = await QuernServer.start();
  client = new Anthropic({ baseURL: server.url, apiKey: 'none', maxRetries: 0 });
  model = (await client.models.list()).data[0].id;
});
after(() => server.stop());

test('models', async () => {
  const one = await client.models.retrieve(model);
  assert.equal(one.display_name, model);
  assert.equal(one.type, 'model');
});

test('a message', async () => {
  const answer = await client.messages.create({ model, ...greedy });
  assert.equal(answer.role, 'assistant');
  assert.equal(answer.content[0].type, 'text');
  assert.ok(answer.content[0].text.length > 0);
  assert.ok(['max_tokens', 'end_turn'].includes(answer.stop_reason));
  assert.ok(answer.usage.input_tokens + answer.usage.cache_read_input_tokens > 0);
});

test('a stream is the same message in pieces', async () => {
  const whole = await client.messages.create({ model, ...greedy });
  const stream = client.messages.stream({ model, ...greedy });
  let text = '';
  stream.on('text', (piece) => { text += piece; });
  const last = await stream.finalMessage();
  assert.equal(text, whole.content[0].text);
  assert.equal(last.content[0].text, whole.content[0].text);
  assert.equal(last.stop_reason, whole.stop_reason);
  assert.equal(last.usage.output_tokens, whole.usage.output_tokens);
});

test('count_tokens agrees with usage', async () => {
  const counted = await client.messages.countTokens({ model, messages });
  const { usage } = await client.messages.create({ model, ...greedy, max_tokens: 1 });
  assert.equal(counted.input_tokens, usage.input_tokens + usage.cache_read_input_tokens);
});

test('system blocks, thinking, metadata, effort', async () => {
  const answer = await client.messages.create({
    model, ...greedy, max_tokens: 2, system: [{ type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } }],
    thinking: { type: 'adaptive' }, output_config: { effort: 'low' }, metadata: { user_id: '{}' }, stop_sequences: ['zzz'],
  });
  assert.equal(answer.type, 'message');
});

test('abort in mid-stream', async () => {
  const stream = client.messages.stream({ model, ...greedy, max_tokens: 90 });
  stream.on('text', () => stream.abort());
  await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
});

describe('errors are the client\'s own classes', () => {
  const refused = (request, check) => assert.rejects(client.messages.create({ model, ...greedy, ...request }), check);
  test('another model', () => refused({ model: 'claude' }, (e) => e instanceof Anthropic.NotFoundError));
  test('a wrong value', () => refused({ temperature: -1 },
    (e) => e instanceof Anthropic.BadRequestError && e.message.includes('temperature')));
  test('too long', () => refused({ messages: [{ role: 'user', content: 'word '.repeat(400) }] },
    (e) => e instanceof Anthropic.BadRequestError && /prompt is too long: \d+ tokens > 128 maximum/.test(e.message)));
});
