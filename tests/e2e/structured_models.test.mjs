// A thousand answers held to JSON schemas, by models with five vocabularies, through the server: all that end are valid for
// an independent validator. The weights are random, so nothing but the grammar keeps an answer on its way.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { QuernServer } from './quern_server.mjs';

const DATA = process.env.QUERN_E2E_DATA;
const VOCABULARIES = ['gpt-2', 'phi-3', 'falcon-reduced', 'mpt-reduced', 'qwen2-reduced'];
const AT_ONCE = 24, ANSWERS = 4, MAX_TOKENS = 220;

const folder = mkdtempSync(join(tmpdir(), 'quern-models-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const ajvOf = () => addFormats.default(new Ajv2020.default({ strict: false, strictNumbers: false, validateFormats: true }));
const schemas = JSON.parse(readFileSync(join(DATA, 'grammar/schema.json'), 'utf8'))
  .map(({ schema }) => schema)
  .filter((schema) => new Ajv2020.default({ strict: false }).validateSchema(schema));

const post = async (server, path, body) => {
  const reply = await fetch(server.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return { status: reply.status, body: await reply.json() };
};

// Random weights write strings without end: what closes them is made likelier.
async function closingBias(server) {
  const bias = {};
  for (const text of ['"', '"}', '",', '"]', '}', ']', '":', '"}}']) {
    const { body } = await post(server, '/tokenize', { content: text, add_special: false });
    if (body.tokens.length === 1) bias[body.tokens[0]] = 6;
  }
  return bias;
}

test('a thousand answers of models with five vocabularies are valid', async () => {
  assert.ok(schemas.length >= 60, `${schemas.length} schemas`);
  let valid = 0, cut = 0;
  for (const [index, vocabulary] of VOCABULARIES.entries()) {
    const file = join(folder, `${vocabulary}.gguf`);
    const made = spawnSync(process.env.QUERN_BINARY, ['synth', '--shape', 'tiny', '--quant', 'q8_0', '--vocabulary',
                                                      join(DATA, `tokenizer/${vocabulary}.gguf`), file], { encoding: 'utf8', env: { PATH: process.env.PATH } });
    assert.equal(made.status, 0, made.stderr);
    const server = await QuernServer.start('-m', file, '--chat-template', 'plain', '--ctx', '512');
    try {
      const bias = await closingBias(server);
      const work = schemas.flatMap((schema) => Array.from({ length: ANSWERS }, (_, seed) => ({ schema, seed })));
      const one = async () => {
        for (let item = work.pop(); item; item = work.pop()) {
          const { schema, seed } = item;
          const { status, body } = await post(server, '/v1/chat/completions', {
            messages: [{ role: 'user', content: 'x' }], max_tokens: MAX_TOKENS, temperature: 1, seed: seed + 10 * index, logit_bias: bias,
            response_format: { type: 'json_schema', json_schema: { name: 'a', schema } } });
          assert.equal(status, 200, `${JSON.stringify(schema)}: ${JSON.stringify(body)}`);
          const [{ message, finish_reason: reason }] = body.choices;
          if (reason === 'length') { ++cut; continue; }
          // Of what cannot be enforced nothing is asked: the server names it in X-Quern-Ignored.
          const enforced = JSON.parse(JSON.stringify(schema), (key, value) => (key === 'uniqueItems' ? undefined : value));
          const validate = ajvOf().compile(enforced);
          assert.ok(validate(JSON.parse(message.content)), `${vocabulary}: ${JSON.stringify(schema)}: ${message.content}`);
          ++valid;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, one));
    } finally {
      await server.stop();
    }
  }
  assert.ok(valid >= 1000, `${valid} answers, ${cut} were cut off at their length`);
});
