// What models there are, asked by every client library that can ask: a model that chats, one that embeds and one that ranks, in
// one process. (The AI SDK and LangChain have no such question.)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { QuernServer } from './quern_server.mjs';

const DATA = process.env.QUERN_E2E_DATA;
const NAMES = ['tiny', 'jina', 'rank'];

let server;
before(async () => {
  server = await QuernServer.start('-m', `tiny,small=${DATA}/arch/llama.gguf`, '--embedding-model', `jina=${DATA}/arch/jina-bert-v2.gguf`,
                                   '--embedding-model', `rank=${DATA}/arch/bert-rerank.gguf`);
});
after(async () => { await server.stop(); });

test('openai: list and retrieve', async () => {
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  const found = [];
  for await (const model of await client.models.list()) found.push(model);
  assert.deepEqual(found.map(({ id }) => id), NAMES);
  for (const model of found) {
    assert.equal(model.object, 'model');
    assert.ok(model.created > 1.7e9 && model.owned_by.length > 0);
    assert.deepEqual(await client.models.retrieve(model.id), model);
  }
  assert.equal((await client.models.retrieve('small')).id, 'tiny');
  await assert.rejects(client.models.retrieve('nobody'), (e) => e instanceof OpenAI.NotFoundError && e.code === 'model_not_found');
});

test('anthropic: list and retrieve', async () => {
  const client = new Anthropic({ baseURL: server.url, apiKey: 'none', maxRetries: 0 });
  const found = [];
  for await (const model of client.models.list({ limit: 2 })) found.push(model);
  assert.deepEqual(found.map(({ id }) => id), NAMES);
  for (const model of found) {
    assert.equal(model.type, 'model');
    assert.equal(model.display_name, model.id);
    assert.ok(Math.abs(Date.parse(model.created_at) - Date.now()) < 3600e3, model.created_at);
    assert.equal((await client.models.retrieve(model.id)).id, model.id);
  }
  await assert.rejects(client.models.retrieve('nobody'), (e) => e instanceof Anthropic.NotFoundError && e.error.error.type === 'not_found_error');
});

test('ollama: list, show and ps', async () => {
  const client = new Ollama({ host: server.url });
  const { models } = await client.list();
  assert.deepEqual(models.map(({ name }) => name), NAMES.map((name) => `${name}:latest`));
  const running = (await client.ps()).models;
  for (const [i, { name, model, digest, size, details }] of models.entries()) {
    assert.equal(model, name);
    assert.match(digest, /^[0-9a-f]{64}$/);
    assert.ok(size > 0 && details.format === 'gguf');
    assert.deepEqual([running[i].name, running[i].digest], [name, digest]);
    const shown = await client.show({ model: name });
    assert.deepEqual(shown.details, details);
    assert.equal(shown.model_info['general.architecture'], details.family);
  }
  assert.equal(new Set(models.map(({ digest }) => digest)).size, models.length);
  assert.deepEqual(models.map(({ capabilities }) => capabilities[0]), ['completion', 'embedding', 'embedding']);
  await assert.rejects(client.show({ model: 'nobody' }), { status_code: 404 });

  // The same files under other names are the same models: clients know them by the digest.
  const other = await QuernServer.start('-m', `${DATA}/arch/llama.gguf`);
  const again = (await new Ollama({ host: other.url }).list()).models[0];
  await other.stop();
  assert.equal(again.name, 'llama:latest');
  assert.equal(again.digest, models[0].digest);
});
