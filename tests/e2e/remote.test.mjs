// quern in front of another quern: what the official clients get through it is what they get from it, and nothing of
// it goes anywhere else.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import { QuernServer } from './quern_server.mjs';

const PROMPT = 'Once upon a time';
const MODEL = 'stories260K';
const messages = [{ role: 'user', content: PROMPT }];

let far;
let near;
before(async () => {
  far = await QuernServer.start();
  // Three ways to the same server: each is tried, one has nobody at its end.
  near = await QuernServer.start('--remote', `far=${far.url}/v1,model=${MODEL}`,
                                 '--remote', `safe=http://127.0.0.1:1/v1,model=${MODEL}`,
                                 '--remote', `safe=${far.url}/v1,model=${MODEL}`,
                                 '--remote', `ollama=${far.url},kind=ollama,model=${MODEL}`,
                                 '--remote', `anthropic=${far.url},kind=anthropic,model=${MODEL}`);
});
after(async () => {
  await near.stop();
  await far.stop();
});

const settings = { max_tokens: 20, temperature: 0 };

async function streamed(client, model) {
  let text = '';
  let usage;
  let reason;
  const stream = await client.chat.completions.create({ model, messages, ...settings, stream: true,
                                                        stream_options: { include_usage: true } });
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    reason = chunk.choices[0]?.finish_reason ?? reason;
    usage = chunk.usage ?? usage;
  }
  return { text, reason, tokens: [usage.prompt_tokens, usage.completion_tokens] };
}

describe('openai client', () => {
  for (const model of ['far', 'safe', 'ollama', 'anthropic']) {
    test(`${model}: the same answer, whole and streamed`, async () => {
      const wanted = await streamed(far.client(), MODEL);
      assert.ok(wanted.text.length > 10);
      assert.deepEqual(await streamed(near.client(), model), wanted);
      const whole = await near.client().chat.completions.create({ model, messages, ...settings });
      assert.equal(whole.choices[0].message.content, wanted.text);
      assert.equal(whole.choices[0].finish_reason, 'length');
      assert.deepEqual([whole.usage.prompt_tokens, whole.usage.completion_tokens], wanted.tokens);
    });
  }

  test('completions, several answers and log-probabilities', async () => {
    const ask = { prompt: PROMPT, max_tokens: 8, temperature: 0, n: 2, logprobs: 2 };
    const wanted = await far.client().completions.create({ model: MODEL, ...ask });
    const found = await near.client().completions.create({ model: 'far', ...ask });
    for (const i of [0, 1]) {
      assert.equal(found.choices[i].text, wanted.choices[i].text);
      assert.deepEqual(found.choices[i].logprobs.token_logprobs, wanted.choices[i].logprobs.token_logprobs);
      assert.deepEqual(found.choices[i].logprobs.text_offset, wanted.choices[i].logprobs.text_offset);
    }
    assert.deepEqual(found.usage.total_tokens, wanted.usage.total_tokens);
  });

  test('a schema holds there as here', async () => {
    const schema = { enum: ['yes', 'no'] };  // short: the model's context is
    const answer = await near.client().chat.completions.create({
      model: 'far', messages, max_tokens: 200, temperature: 0,
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } } });
    assert.ok(schema.enum.includes(JSON.parse(answer.choices[0].message.content)), answer.choices[0].message.content);
  });

  test('what the upstream refuses is refused in its words', async () => {
    await assert.rejects(near.client().chat.completions.create({ model: 'far', messages: [{ role: 'user', content: 'word '.repeat(9000) }] }),
      (e) => e.status === 400 && e.message.includes(far.url) && e.message.includes('context'));
  });
});

test('anthropic client', async () => {
  const ask = { max_tokens: 20, temperature: 0, messages };
  const wanted = await new Anthropic({ baseURL: far.url, apiKey: 'x', maxRetries: 0 }).messages.create({ model: MODEL, ...ask });
  const client = new Anthropic({ baseURL: near.url, apiKey: 'x', maxRetries: 0 });
  const whole = await client.messages.create({ model: 'far', ...ask });
  assert.deepEqual(whole.content, wanted.content);
  assert.equal(whole.stop_reason, wanted.stop_reason);
  assert.equal(whole.usage.output_tokens, wanted.usage.output_tokens);
  assert.deepEqual((await client.messages.stream({ model: 'far', ...ask }).finalMessage()).content, wanted.content);
  await assert.rejects(client.messages.countTokens({ model: 'far', messages }),
    (e) => e.status === 501 && e.message.includes('/v1/messages/count_tokens'));
});

test('ollama client', async () => {
  const options = { temperature: 0, num_predict: 20 };
  const wanted = await new Ollama({ host: far.url }).chat({ model: MODEL, messages, options });
  const client = new Ollama({ host: near.url });
  let text = '';
  let last;
  for await (const part of await client.chat({ model: 'far', messages, options, stream: true })) {
    text += part.message.content;
    last = part;
  }
  assert.equal(text, wanted.message.content);
  assert.deepEqual([last.eval_count, last.prompt_eval_count, last.done_reason],
                   [wanted.eval_count, wanted.prompt_eval_count, wanted.done_reason]);
  const raw = await client.generate({ model: 'far', prompt: PROMPT, raw: true, options });
  assert.ok(raw.response.startsWith(', there was'), raw.response);
  assert.ok((await client.list()).models.some((model) => model.name === 'far:latest'));
  assert.deepEqual((await client.show({ model: 'far' })).capabilities, ['completion']);
});

test('what needs a tokenizer is refused by name', async () => {
  for (const [path, body] of [['/tokenize', { content: 'x' }], ['/apply-template', { messages }],
                              ['/completion', { prompt: 'x' }]]) {
    const reply = await fetch(`${near.url}${path}`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
                                                      body: JSON.stringify({ model: 'far', ...body }) });
    const text = await reply.text();
    assert.equal(reply.status, 501, text);
    assert.ok(text.includes(path), text);
  }
  assert.equal((await fetch(`${near.url}/props`)).status, 501);
});

test('who leaves is gone there too', async () => {
  const stop = new AbortController();
  const stream = await near.client().chat.completions.create(
    { model: 'far', messages, max_tokens: 100000, stream: true, logit_bias: {}, temperature: 1 }, { signal: stop.signal });
  for await (const chunk of stream) {
    if (chunk.choices.length > 0) break;
  }
  stop.abort();
  for (let i = 0; ; ++i) {
    const there = (await far.control('/control/requests')).body.requests;
    const here = (await near.control('/control/requests')).body.requests;
    if (there.length === 0 && here.length === 0) break;
    assert.ok(i < 200, 'it still runs');
    await sleep(50);
  }
  await far.assertAllPagesFree();
});

test('many at once: nothing lost, nothing twice', async () => {
  const wanted = await streamed(far.client(), MODEL);
  const found = await Promise.all(Array.from({ length: 64 }, (_, i) => streamed(near.client(), i % 2 ? 'far' : 'safe')));
  for (const one of found) assert.deepEqual(one, wanted);
});

test('operators see where requests go', async () => {
  const text = await (await fetch(`${near.url}/metrics`)).text();
  assert.match(text, new RegExp(`quern:upstream_requests_total\\{model_name="far",upstream="${far.url}"\\} [1-9]`));
  assert.match(text, /quern:upstream_failures_total\{model_name="safe",upstream="http:\/\/127.0.0.1:1"\} [1-9]/);
  const { body } = await near.control('/control/status');
  const upstreams = body.models.safe.upstreams;
  assert.equal(upstreams[1].name, far.url);
  assert.notEqual(upstreams[0].failed, 0);
  const { body: history } = await near.control('/control/history');
  assert.ok(history.requests.some((request) => request.label?.includes(far.url)), JSON.stringify(history));
});

test('a model on this machine answers first', async (t) => {
  const both = await QuernServer.start('-m', `${MODEL}=${process.env.QUERN_E2E_DATA}/../../etc/models/stories260K.gguf`,
                                       '--remote', `${MODEL}=${far.url}/v1`);
  t.after(() => both.kill());
  const before = (await far.control('/control/history')).body.requests.length;
  const wanted = await streamed(far.client(), MODEL);
  assert.deepEqual(await streamed(both.client(), MODEL), wanted);
  assert.equal((await far.control('/control/history')).body.requests.length, Math.min(before + 1, 256));
  await both.stop();
});

describe('what would be unsafe does not start', () => {
  const refused = (remote, words) => test(remote, () => {
    const run = spawnSync(process.env.QUERN_BINARY, ['serve', '--port', '0', '--socket', 'none', '--remote', remote],
                          { encoding: 'utf8', timeout: 60_000, env: { PATH: process.env.PATH } });
    assert.notEqual(run.status, 0);
    assert.ok(run.stderr.includes(words), run.stderr);
  });
  refused('x=http://there.example/v1', 'https://');
  refused('x=https://me:secret@there.example/v1', 'password');
  refused('x=https://there.example/v1,key-env=QUERN_NO_SUCH_KEY', 'QUERN_NO_SUCH_KEY');
  refused('x=https://there.example/v1,kind=telnet', 'telnet');
});
