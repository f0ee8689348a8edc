// Vectors through every client library that has them: the same numbers, whatever library and format. A model that chats and
// two that do not, in one process.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { OllamaEmbeddings } from '@langchain/ollama';
import { OpenAIEmbeddings } from '@langchain/openai';
import { embed, embedMany } from 'ai';
import { Ollama } from 'ollama';
import { createOllama } from 'ollama-ai-provider-v2';
import OpenAI from 'openai';
import { QuernServer } from './quern_server.mjs';

const DATA = process.env.QUERN_E2E_DATA;
const MODEL = 'jina';
const TEXTS = ['Once upon a time', 'a little girl', 'ab'];

let server;
let wanted;
before(async () => {
  server = await QuernServer.start('-m', 'jina=' + `${DATA}/arch/jina-bert-v2.gguf`, '--embedding-model', `rank=${DATA}/arch/bert-rerank.gguf`);
  const { data } = await (await fetch(`${server.url}/v1/embeddings`, { method: 'POST', body: JSON.stringify({ model: MODEL, input: TEXTS }) })).json();
  wanted = data.map(({ embedding }) => embedding);
  assert.equal(wanted.length, TEXTS.length);
});
after(async () => { await server.stop(); });

function same(vectors, length = wanted[0].length) {
  assert.equal(vectors.length, TEXTS.length);
  vectors.forEach((vector, i) => {
    assert.equal(vector.length, length);
    const scale = Math.hypot(...wanted[i].slice(0, length));
    vector.forEach((value, k) => assert.ok(Math.abs(value - wanted[i][k] / scale) < 1e-5, `${i}, ${k}: ${value}`));
  });
}

test('openai, in base64 by default and as floats', async () => {
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  const answer = await client.embeddings.create({ model: MODEL, input: TEXTS });
  same(answer.data.map(({ embedding }) => embedding));
  assert.ok(answer.usage.prompt_tokens > 0);
  const floats = await client.embeddings.create({ model: MODEL, input: TEXTS, encoding_format: 'float', dimensions: 8 });
  same(floats.data.map(({ embedding }) => embedding), 8);
  await assert.rejects(client.embeddings.create({ model: MODEL, input: TEXTS, dimensions: 1000 }), { status: 400, param: 'dimensions' });
  await assert.rejects(client.embeddings.create({ model: 'nobody', input: TEXTS }), { status: 404 });
  await assert.rejects(client.embeddings.create({ model: 'rank', input: TEXTS }), { status: 400, param: 'model' });
});

test('ollama, both ways', async () => {
  const client = new Ollama({ host: server.url });
  same((await client.embed({ model: MODEL, input: TEXTS })).embeddings);
  same((await client.embed({ model: `${MODEL}:latest`, input: TEXTS, dimensions: 4, truncate: true })).embeddings, 4);
  const { embedding } = await client.embeddings({ model: MODEL, prompt: TEXTS[0] });
  assert.equal(embedding.length, wanted[0].length);
});

test('the AI SDK, by three providers', async () => {
  const models = [createOpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none' }).embedding(MODEL),
                  createOpenAICompatible({ baseURL: `${server.url}/v1`, name: 'quern' }).textEmbeddingModel(MODEL),
                  createOllama({ baseURL: `${server.url}/api` }).textEmbeddingModel(MODEL)];
  for (const model of models) {
    same((await embedMany({ model, values: TEXTS, maxRetries: 0 })).embeddings);
    assert.equal((await embed({ model, value: TEXTS[0], maxRetries: 0 })).embedding.length, wanted[0].length);
  }
});

test('LangChain', async () => {
  const openai = new OpenAIEmbeddings({ model: MODEL, apiKey: 'none', maxRetries: 0, configuration: { baseURL: `${server.url}/v1` } });
  same(await openai.embedDocuments(TEXTS));
  const ollama = new OllamaEmbeddings({ model: MODEL, baseUrl: server.url });
  same(await ollama.embedDocuments(TEXTS));
});

test('a reranker beside it', async () => {
  const reply = await fetch(`${server.url}/v1/rerank`, { method: 'POST', body: JSON.stringify({ model: 'rank', query: 'a', documents: TEXTS }) });
  const { results } = await reply.json();
  assert.deepEqual(results.map(({ index }) => index).sort(), [0, 1, 2]);
});
