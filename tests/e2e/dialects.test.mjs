// Whatever dialect asks: the same prompt, settings and seed give the same answer, alone and in a crowd, and what one dialect has
// computed of a prompt is found by the others.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { QuernServer } from './quern_server.mjs';

const WORDS = 'Once upon a time there was a little girl named Lily. She loved to play outside in the park with her big red ball. One day';
const LENGTH = 12;

let server;
before(async () => { server = await QuernServer.start('--parallel', '8'); });
after(async () => {
  await server.assertAllPagesFree();
  await server.stop();
});

async function post(path, body) {
  const reply = await fetch(server.url + path, { method: 'POST', body: JSON.stringify(body) });
  const text = await reply.text();
  assert.equal(reply.status, 200, `${path}: ${text}`);
  return JSON.parse(text);
}

const said = [{ role: 'user', content: WORDS }];
const joined = (parts) => parts.map(({ text }) => text).join('');

// Each: (settings) -> {text, cached}; cached: undefined where the dialect does not tell.
const CONTINUE = {
  completions: async (settings) => {
    const { choices: [{ text }], usage } = await post('/v1/completions', { prompt: WORDS, max_tokens: LENGTH, ...settings });
    return { text, cached: usage.prompt_tokens_details.cached_tokens };
  },
  native: async (settings) => {
    const { content: text, tokens_cached: cached } = await post('/completion', { prompt: WORDS, n_predict: LENGTH, ...settings });
    return { text, cached };
  },
  'ollama raw': async (settings) => {
    const { response: text } = await post('/api/generate', { prompt: WORDS, raw: true, stream: false, options: { num_predict: LENGTH, ...settings } });
    return { text };
  },
};
const CHAT = {
  chat: async (settings) => {
    const { choices: [{ message }], usage } = await post('/v1/chat/completions', { messages: said, max_tokens: LENGTH, ...settings });
    return { text: message.content, cached: usage.prompt_tokens_details.cached_tokens };
  },
  responses: async (settings) => {
    const { output, usage } = await post('/v1/responses', { input: WORDS, max_output_tokens: LENGTH, ...settings });
    return { text: joined(output[0].content), cached: usage.input_tokens_details.cached_tokens };
  },
  messages: async (settings) => {
    const { content, usage } = await post('/v1/messages', { model: '', messages: said, max_tokens: LENGTH, ...settings });
    return { text: joined(content), cached: usage.cache_read_input_tokens };
  },
  ollama: async (settings) => {
    const { message } = await post('/api/chat', { messages: said, stream: false, options: { num_predict: LENGTH, ...settings } });
    return { text: message.content };
  },
};

for (const [kind, dialects] of Object.entries({ continuations: CONTINUE, chats: CHAT })) {
  test(`${kind}: the likeliest answer is the same in every dialect, alone and in a crowd`, async () => {
    const [first, ...others] = Object.values(dialects);
    const { text } = await first({ temperature: 0 });
    assert.ok(text.length > 0);
    for (const ask of others) assert.equal((await ask({ temperature: 0 })).text, text);
    const crowd = await Promise.all(Array.from({ length: 24 }, (_, i) => Object.values(dialects)[i % (others.length + 1)]({ temperature: 0 })));
    for (const answer of crowd) assert.equal(answer.text, text);
  });

  test(`${kind}: a prompt that one dialect has computed is found by the others`, async () => {
    await Object.values(dialects)[0]({ temperature: 0 });
    for (const [name, ask] of Object.entries(dialects)) {
      const { cached } = await ask({ temperature: 0 });
      if (cached !== undefined) assert.ok(cached >= 32, `${name}: ${cached}`);
    }
  });

  test(`${kind}: the same seed draws the same in every dialect that has seeds`, async () => {
    const seeded = Object.entries(dialects).filter(([name]) => name !== 'responses' && name !== 'messages').map(([, ask]) => ask);
    const texts = new Set();
    for (const seed of [1, 2, 3, 4]) {
      const { text } = await seeded[0]({ temperature: 0.8, seed });
      texts.add(text);
      for (const ask of seeded) assert.equal((await ask({ temperature: 0.8, seed })).text, text);
      const crowd = await Promise.all(Array.from({ length: 16 }, (_, i) => seeded[i % seeded.length]({ temperature: 0.8, seed })));
      for (const answer of crowd) assert.equal(answer.text, text);
    }
    assert.ok(texts.size > 1, 'other seeds, other texts');
  });
}
