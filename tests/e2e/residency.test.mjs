// Models that are loaded when they are asked for, within a budget that does not hold them all: whoever is asked for
// answers, the idle ones make room, and the clients' ways to say how long a model stays are kept.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { QuernServer } from './quern_server.mjs';

const DATA = process.env.QUERN_E2E_DATA;
const NAMES = ['command-r', 'deepseek2', 'falcon-40b'];

let server;
let openai;
let ollama;
before(async () => {
  const files = NAMES.flatMap((name) => ['-m', `${name}=${DATA}/arch/${name}.gguf`]);
  server = await QuernServer.start('--on-demand', ...files, '-m', `again=${DATA}/arch/command-r.gguf`,
                                   '--embedding-model', `jina=${DATA}/arch/jina-bert-v2.gguf`, '--memory', '190M');
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  ollama = new Ollama({ host: server.url });
});
after(async () => { await server.stop(); });

const post = (path, body) => fetch(server.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const running = async () => (await ollama.ps()).models.map(({ name }) => name.replace(':latest', '')).sort();
const until = async (what, isSo) => {
  for (let i = 0; i < 600; ++i) {
    if (await isSo()) return;
    await new Promise((done) => setTimeout(done, 20));
  }
  assert.fail(`not so: ${what}`);
};

test('nothing is loaded before it is asked for, and all are listed', async () => {
  assert.deepEqual(await running(), []);
  const { data } = await openai.models.list();
  assert.deepEqual(data.map(({ id }) => id), [...NAMES, 'again', 'jina']);
  assert.ok(data.every(({ status }) => status.value === 'absent'));
  assert.deepEqual((await ollama.list()).models.map(({ name }) => name), [...NAMES, 'again', 'jina'].map((id) => `${id}:latest`));
  const shown = await ollama.show({ model: 'falcon-40b' });
  assert.equal(shown.details.family, 'falcon');
  assert.deepEqual(shown.capabilities, ['completion']);
  assert.deepEqual((await ollama.show({ model: 'jina' })).capabilities, ['embedding']);
  assert.deepEqual(await running(), [], 'showing one loads nothing');
});

test('whoever is asked for answers, by many clients at once', async () => {
  const clients = Array.from({ length: 6 }, async (_, client) => {
    for (let i = 0; i < 8; ++i) {
      const model = NAMES[(client + i * (client + 1)) % NAMES.length];
      const { choices, usage } = await openai.completions.create({ model, prompt: 'Once', max_tokens: 4, temperature: 0, stop: [] });
      assert.equal(choices.length, 1);
      assert.ok(usage.completion_tokens >= 1);
      if (i % 4 === 0) assert.equal((await openai.embeddings.create({ model: 'jina', input: 'Once' })).data.length, 1);
    }
  });
  await Promise.all(clients);
  const { models } = (await server.control('/control/models')).body;
  assert.deepEqual(models.map(({ id }) => id), [...NAMES, 'again', 'jina']);
  const there = models.filter(({ state }) => state === 'resident');
  assert.ok(there.length >= 1 && there.length < 5, `${there.length} of 5 are loaded`);
  for (const model of there) assert.ok(model.loads > 0 && model.bytes > 0 && model.requests === 0 && model.why === 'it was used lately', JSON.stringify(model));
  const { budget_bytes, used_bytes } = (await server.control('/control/memory')).body;
  assert.ok(used_bytes <= budget_bytes, `${used_bytes} of ${budget_bytes}`);
});

test('the same model gives the same answer after it has been away', async () => {
  const ask = async (model) => (await openai.completions.create({ model, prompt: 'Once upon', max_tokens: 6, temperature: 0 })).choices[0].text;
  const first = await ask('deepseek2');
  assert.equal(await ask('again'), await ask('command-r'));
  await ask('falcon-40b');
  assert.equal(await ask('deepseek2'), first);
});

test('keep_alive: for ever, for a while, not at all', async () => {
  await ollama.generate({ model: 'falcon-40b', prompt: '', keep_alive: -1 });
  const expiry = async (model) => (await ollama.ps()).models.find(({ name }) => name === `${model}:latest`)?.expires_at;
  assert.match(String(await expiry('falcon-40b')), /^2318-/);
  await ollama.generate({ model: 'falcon-40b', prompt: 'Once', keep_alive: '10m', options: { num_predict: 2 } });
  const left = new Date(await expiry('falcon-40b')) - Date.now();
  assert.ok(left > 300_000 && left <= 601_000, `${left} ms`);
  const { done_reason } = await ollama.generate({ model: 'falcon-40b', prompt: '', keep_alive: 0 });
  assert.equal(done_reason, 'unload');
  await until('it is gone', async () => !(await running()).includes('falcon-40b'));
  await ollama.embed({ model: 'jina', input: 'Once', keep_alive: 0 });
  await until('it is gone', async () => !(await running()).includes('jina'));
  await assert.rejects(ollama.generate({ model: 'falcon-40b', prompt: 'Once', keep_alive: 'soon' }), /keep_alive: expected a duration/);
  await assert.rejects(ollama.generate({ model: 'nobody', prompt: '', keep_alive: 0 }), /this server has/);
});

test('quern ps and quern stop', async () => {
  const quern = (...words) => spawnSync(process.env.QUERN_BINARY, [...words, '--socket', server.socketPath], { encoding: 'utf8', env: { PATH: process.env.PATH } });
  await ollama.generate({ model: 'command-r', prompt: '' });
  const { models } = JSON.parse(quern('ps', '--json').stdout);
  assert.ok(models.some(({ id, state }) => id === 'command-r' && state === 'resident'), JSON.stringify(models));
  assert.match(quern('ps').stdout, /^NAME +MEMORY +STATE[^]*command-r .* resident .* min .* it was used lately$/m);
  assert.equal(quern('stop', 'command-r').status, 0);
  await until('it is gone', async () => !(await running()).includes('command-r'));
  assert.match(quern('stop', 'nobody').stderr, /this server has/);
  assert.equal(quern('stop').status, 2);
});

test('load and unload', async () => {
  assert.deepEqual(await (await post('/v1/models/load', { model: 'deepseek2' })).json(), { success: true });
  assert.ok((await running()).includes('deepseek2'));
  assert.deepEqual(await (await post('/models/unload', { model: 'deepseek2' })).json(), { success: true });
  await until('it is gone', async () => !(await running()).includes('deepseek2'));
  assert.equal((await post('/v1/models/load', { model: 'nobody' })).status, 404);
  assert.equal((await post('/v1/models/unload', {})).status, 400);
  assert.equal((await openai.models.retrieve('deepseek2')).id, 'deepseek2');
});
