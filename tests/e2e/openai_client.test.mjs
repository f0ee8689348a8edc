// The official OpenAI client, unchanged, over TCP and over the Unix socket: every call, field and error class that the
// server claims to support.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import OpenAI from 'openai';
import { QuernServer } from './quern_server.mjs';

const PROMPT = 'Once upon a time';
const STORY = ', there was a little girl named Lily. She loved to play outside in the park.';
const greedy = { temperature: 0, max_tokens: 60 };

let server;
let model;
before(async () => {
  server = await QuernServer.start();
  model = (await server.client().models.list()).data[0].id;
});
after(() => server.stop());

for (const transport of ['TCP', 'Unix socket']) {
  const connect = () => (transport === 'TCP' ? server.client() : server.unixClient());

  describe(transport, () => {
    test('models: list and retrieve', async () => {
      const models = await connect().models.list();
      assert.equal(models.data.length, 1);
      assert.equal(models.data[0].object, 'model');
      assert.equal((await connect().models.retrieve(model)).id, model);
    });

    test('completion', async () => {
      const answer = await connect().completions.create({ model, prompt: PROMPT, ...greedy });
      assert.equal(answer.object, 'text_completion');
      assert.ok(answer.choices[0].text.startsWith(STORY), answer.choices[0].text);
      assert.equal(answer.choices[0].finish_reason, 'length');
      assert.equal(answer.usage.completion_tokens, 60);
      assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + 60);
      assert.ok(answer._request_id.startsWith('req-'));
    });

    test('a streamed completion is the whole one in pieces', async () => {
      const whole = await connect().completions.create({ model, prompt: PROMPT, ...greedy });
      const stream = await connect().completions.create(
        { model, prompt: PROMPT, ...greedy, stream: true, stream_options: { include_usage: true } });
      let text = '';
      let usage = null;
      const reasons = [];
      for await (const chunk of stream) {
        usage ??= chunk.usage;
        for (const choice of chunk.choices) {
          text += choice.text;
          if (choice.finish_reason) reasons.push(choice.finish_reason);
        }
      }
      assert.equal(text, whole.choices[0].text);
      assert.deepEqual(reasons, ['length']);
      assert.deepEqual(usage, whole.usage);
    });

    test('chat', async () => {
      const messages = [{ role: 'developer', content: 'Tell stories.' },
                        { role: 'user', content: [{ type: 'text', text: PROMPT }] }];
      const answer = await connect().chat.completions.create({ model, messages, temperature: 0, max_completion_tokens: 20 });
      assert.equal(answer.object, 'chat.completion');
      assert.equal(answer.choices[0].message.role, 'assistant');
      assert.ok(['stop', 'length'].includes(answer.choices[0].finish_reason));
      assert.ok(answer.usage.completion_tokens <= 20);
    });

    test('the streaming helper puts a chat together', async () => {
      const request = { model, messages: [{ role: 'user', content: PROMPT }], temperature: 0, max_tokens: 20 };
      const whole = await connect().chat.completions.create(request);
      const deltas = [];
      const stream = connect().chat.completions.stream({ ...request, stream_options: { include_usage: true } });
      stream.on('content', (delta) => deltas.push(delta));
      const answer = await stream.finalChatCompletion();
      assert.equal(answer.choices[0].message.content, whole.choices[0].message.content);
      assert.equal(deltas.join(''), whole.choices[0].message.content);
      const { prompt_tokens_details: cached, ...counts } = whole.usage;
      assert.ok(cached.cached_tokens < counts.prompt_tokens);
      assert.ok(answer.usage.prompt_tokens_details.cached_tokens >= cached.cached_tokens, 'the second finds the first');
      assert.deepEqual({ ...answer.usage, prompt_tokens_details: cached }, whole.usage);
    });
  });
}

test('n answers with one seed are reproducible and differ', async () => {
  const request = { model, prompt: PROMPT, max_tokens: 40, temperature: 1, top_p: 1, seed: 7, n: 3 };
  const texts = async () => (await server.client().completions.create(request)).choices.map((choice) => choice.text);
  const first = await texts();
  assert.deepEqual(await texts(), first);
  assert.equal(new Set(first).size, 3, JSON.stringify(first));
});

test('several prompts keep their order', async () => {
  const client = server.client();
  const prompts = ['Once upon a time', 'The dog', 'Lily'];
  const together = await client.completions.create({ model, prompt: prompts, temperature: 0, max_tokens: 20 });
  for (const [i, prompt] of prompts.entries()) {
    const alone = await client.completions.create({ model, prompt, temperature: 0, max_tokens: 20 });
    assert.equal(together.choices[i].index, i);
    assert.equal(together.choices[i].text, alone.choices[0].text);
  }
});

test('stop strings end the text', async () => {
  const answer = await server.client().completions.create({ model, prompt: PROMPT, ...greedy, stop: ['Lily', 'zebra'] });
  assert.equal(answer.choices[0].text, ', there was a little girl named ');
  assert.equal(answer.choices[0].finish_reason, 'stop');
});

test('logprobs of the chosen tokens', async () => {
  const chat = await server.client().chat.completions.create(
    { model, messages: [{ role: 'user', content: PROMPT }], max_tokens: 8, logprobs: true, ignore_eos: true });
  const entries = chat.choices[0].logprobs.content;
  assert.ok(entries.length > 0 && entries.length <= 8);
  for (const entry of entries) {
    assert.ok(entry.logprob <= 0);
    assert.equal(Buffer.from(entry.bytes).toString(), entry.token);
  }
});

test('logprobs with alternatives: greedy takes the first of them', async () => {
  const chat = await server.client().chat.completions.create(
    { model, messages: [{ role: 'user', content: PROMPT }], temperature: 0, max_tokens: 6, logprobs: true, top_logprobs: 4,
      ignore_eos: true });
  for (const entry of chat.choices[0].logprobs.content) {
    assert.equal(entry.top_logprobs.length, 4);
    assert.equal(entry.top_logprobs[0].token, entry.token);
    assert.equal(entry.top_logprobs[0].logprob, entry.logprob);
    for (let i = 1; i < 4; ++i) assert.ok(entry.top_logprobs[i].logprob <= entry.top_logprobs[i - 1].logprob);
  }
  const completion = await server.client().completions.create(
    { model, prompt: PROMPT, temperature: 0, max_tokens: 6, logprobs: 3, ignore_eos: true });
  const { tokens, token_logprobs: values, top_logprobs: maps } = completion.choices[0].logprobs;
  for (const [i, token] of tokens.entries()) assert.equal(maps[i][token], values[i]);
});

test('echo repeats the prompt, streamed too', async () => {
  const request = { model, prompt: PROMPT, temperature: 0, max_tokens: 10 };
  const plain = await server.client().completions.create(request);
  const echoed = await server.client().completions.create({ ...request, echo: true });
  assert.equal(echoed.choices[0].text, PROMPT + plain.choices[0].text);
  let text = '';
  for await (const chunk of await server.client().completions.create({ ...request, echo: true, stream: true })) {
    text += chunk.choices[0]?.text ?? '';
  }
  assert.equal(text, echoed.choices[0].text);
});

test('echo with logprobs has those of the prompt too', async () => {
  const request = { model, prompt: PROMPT, temperature: 0, logprobs: 2, echo: true };
  const { choices: [prompt], usage } = await server.client().completions.create({ ...request, max_tokens: 0 });
  assert.equal(prompt.text, PROMPT);
  assert.equal(usage.completion_tokens, 0);
  const { tokens, token_logprobs: values, text_offset: offsets } = prompt.logprobs;
  assert.equal(tokens.length, usage.prompt_tokens);
  assert.equal(values[0], null);
  assert.ok(values.slice(1).every((value) => value < 0));
  const { choices: [more] } = await server.client().completions.create({ ...request, max_tokens: 3 });
  assert.deepEqual(more.logprobs.token_logprobs.slice(0, values.length), values);
  assert.equal(more.logprobs.text_offset[offsets.length], PROMPT.length);
  assert.equal(more.logprobs.tokens.length, tokens.length + 3);
});

test('logit_bias can force a token', async () => {
  const client = server.client();
  const reply = await client.post('/../tokenize', { body: { content: ' cat' } });
  const token = reply.tokens.at(-1);
  const answer = await client.completions.create(
    { model, prompt: PROMPT, temperature: 0, max_tokens: 3, logit_bias: { [token]: 100 } });
  const { content } = await client.post('/../detokenize', { body: { tokens: [token, token, token] } });
  assert.equal(answer.choices[0].text.trim(), content.trim());
});

describe('responses', () => {
  const request = { input: 'Once upon a time', instructions: 'Be kind.', max_output_tokens: 20, temperature: 0 };

  test('whole', async () => {
    const response = await server.client().responses.create({ model, ...request });
    assert.ok(response.output_text.length > 0);
    assert.ok(['completed', 'incomplete'].includes(response.status));
    assert.equal(response.usage.total_tokens, response.usage.input_tokens + response.usage.output_tokens);
  });

  test('streamed: the same in pieces', async () => {
    const whole = await server.client().responses.create({ model, ...request });
    const stream = server.client().responses.stream({ model, ...request });
    let text = '';
    stream.on('response.output_text.delta', (event) => { text += event.delta; });
    const last = await stream.finalResponse();
    assert.equal(text, whole.output_text);
    assert.equal(last.output_text, whole.output_text);
  });

  test('input tokens', async () => {
    const { input_tokens: n } = await server.client().responses.inputTokens.count(
      { model, input: request.input, instructions: request.instructions });
    assert.equal(n, (await server.client().responses.create({ model, ...request })).usage.input_tokens);
  });
});

describe('errors are the client\'s own classes', () => {
  const refused = (request, check) => assert.rejects(server.client().completions.create(request), check);

  test('400 BadRequestError names the field', () => refused(
    { model, prompt: 'x', temperature: -1 },
    (e) => e instanceof OpenAI.BadRequestError && e.param === 'temperature' && e.type === 'invalid_request_error'));
  test('400 for what is not supported', () => assert.rejects(
    server.client().chat.completions.create(
      { model, messages: [{ role: 'user', content: 'x' }], tools: [{ type: 'function', function: { name: 'f' } }] }),
    (e) => e instanceof OpenAI.BadRequestError && e.param === 'tools' && e.code === 'unsupported_parameter'));
  test('400 with numbers when it does not fit', () => refused(
    { model, prompt: 'x '.repeat(300) },
    (e) => e instanceof OpenAI.BadRequestError && e.code === 'context_length_exceeded' && e.message.includes('128')));
  test('max_tokens beyond the context is cut to what fits', async () => {
    const answer = await server.client().completions.create({ model, prompt: 'x', max_tokens: 1_000_000 });
    assert.ok(answer.usage.total_tokens <= 128);
  });
  test('404 NotFoundError for another model', () => refused(
    { model: 'gpt-4', prompt: 'x' }, (e) => e instanceof OpenAI.NotFoundError && e.code === 'model_not_found'));
  test('404 for a path', () => assert.rejects(
    server.client().images.generate({ model, prompt: 'x' }), (e) => e instanceof OpenAI.NotFoundError));
  test('413', () => refused({ model, prompt: 'x'.repeat(33 << 20) }, (e) => e.status === 413));
});
