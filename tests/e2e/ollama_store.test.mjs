// Ollama's client keeps models: fetches one from a registry over TLS, lists, shows, copies, makes and removes them, and
// talks to each; the registry is a server of our own.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { Ollama } from 'ollama';
import { QuernServer } from './quern_server.mjs';

const DATA = process.env.QUERN_E2E_DATA;
const folder = mkdtempSync(join(tmpdir(), 'quern-store-'));
let hub, endpoint, authority, server, client;

before(async () => {
  mkdirSync(join(folder, 'files'));
  copyFileSync(join(DATA, '../../etc/models/stories260K.gguf'), join(folder, 'files/tiny-f32.gguf'));
  hub = spawn(process.env.QUERN_TEST_HUB, [folder, join(folder, 'files')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await createInterface({ input: hub.stdout })[Symbol.asyncIterator]().next()).value.split('\n');
  const said = JSON.parse(line);
  authority = said.authority;
  process.env.SSL_CERT_FILE = said.certificate;
  endpoint = said.hub;
  server = await QuernServer.start('--models-dir', join(folder, 'models'), '--on-demand', '--max-body', '256K');
  client = new Ollama({ host: server.url });
});
after(async () => {
  await server?.stop();
  hub.stdin.end();
  rmSync(folder, { recursive: true, force: true });
});

const names = async () => (await client.list()).models.map(({ name }) => name).filter((name) => !name.startsWith('stories260K')).sort();
const say = async (model) => (await client.generate({ model, prompt: 'Once upon a time', options: { temperature: 0, num_predict: 8 } })).response;

test('pull: events, then it is there and answers', async () => {
  const model = `${authority}/library/tiny:latest`;
  const seen = [];
  for await (const event of await client.pull({ model, stream: true })) seen.push(event);
  assert.equal(seen.at(-1).status, 'success');
  assert.ok(seen.some(({ status, total, completed }) => status.startsWith('pulling') && total > 0 && completed === total), JSON.stringify(seen));
  assert.equal((await names()).length, 1);
  const again = await client.pull({ model, stream: false });
  assert.equal(again.status, 'success');
  assert.ok((await say(model)).length > 0);
  const shown = await client.show({ model });
  assert.equal(shown.details.family, 'llama');
});

test('pull: of the hub, and what is not there', async () => {
  process.env.HF_ENDPOINT = endpoint;
  const other = await QuernServer.start('--models-dir', join(folder, 'other'));
  delete process.env.HF_ENDPOINT;
  const of = new Ollama({ host: other.url });
  await of.pull({ model: 'hf.co/test/model', stream: false });
  const said = async (model) => (await of.generate({ model, prompt: 'Once', options: { temperature: 0, num_predict: 8 } })).response;
  assert.equal(await said('hf.co/test/model'), await said('hf.co/test/model:F32'));
  assert.ok((await of.list()).models.some(({ name }) => name === 'hf.co/test/model:F32'));
  await other.stop();
  await assert.rejects(client.pull({ model: `${authority}/library/nobody`, stream: false }), /nobody/);
  await assert.rejects(client.pull({ model: '../../etc/passwd', stream: false }), /model/);
  await assert.rejects(say('/etc/hostname'), /this server has/);
});

test('copy, create from a model, delete', async () => {
  const model = `${authority}/library/tiny:latest`;
  await client.copy({ source: model, destination: 'mine' });
  assert.ok((await names()).includes('mine:latest'));
  assert.equal(await say('mine'), await say(model));
  await client.create({ model: 'calm', from: 'mine', parameters: { temperature: 0, top_k: 1 }, system: 'Be calm.', stream: false });
  assert.ok((await say('calm')).length > 0);
  await assert.rejects(client.create({ model: 'wrong', from: 'mine', parameters: { temperature: 'warm' }, stream: false }), /temperature/);
  await assert.rejects(client.create({ model: 'wrong', from: 'nobody', stream: false }), /nobody/);
  await client.delete({ model: 'mine' });
  assert.ok(!(await names()).includes('mine:latest'));
  await assert.rejects(say('mine'), /this server has/);
  assert.ok((await say('calm')).length > 0, 'its files are still named by others');
  await assert.rejects(client.delete({ model: 'mine' }), /mine/);
});

test('create from an uploaded file', async () => {
  const bytes = readFileSync(join(folder, 'files/tiny-f32.gguf'));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const blob = (method, name, body) => fetch(`${server.url}/api/blobs/${name}`, { method, body });
  const wrong = `sha256:${'0'.repeat(64)}`;
  assert.equal((await blob('HEAD', wrong)).status, 404);
  assert.equal((await blob('POST', wrong, bytes)).status, 400);
  assert.equal((await blob('POST', digest, bytes)).status, 201);
  assert.equal((await blob('HEAD', digest)).status, 200);
  const whole = () => readdirSync(join(folder, 'models/blobs')).filter((name) => name.startsWith('tmp-'));
  assert.deepEqual(whole(), []);
  // Without a length; and one that breaks off, of which nothing stays.
  const pieces = (n, then) => new ReadableStream({
    start(controller) {
      for (let at = 0; at < n; at += 100_000) controller.enqueue(bytes.subarray(at, Math.min(at + 100_000, n)));
      then(controller);
    },
  });
  const stream = (body) => fetch(`${server.url}/api/blobs/${digest}`, { method: 'POST', body, duplex: 'half' });
  assert.equal((await stream(pieces(bytes.length, (controller) => controller.close()))).status, 201);
  await assert.rejects(stream(pieces(bytes.length / 2, (controller) => setTimeout(() => controller.error(new Error('left')), 50))));
  for (let i = 0; i < 500 && whole().length > 0; ++i) await new Promise((done) => setTimeout(done, 20));
  assert.deepEqual(whole(), []);
  await client.create({ model: 'uploaded', files: { 'tiny.gguf': digest }, stream: false });
  assert.ok((await say('uploaded')).length > 0);
  await assert.rejects(client.create({ model: 'none', files: { 'tiny.gguf': wrong }, stream: false }), /was uploaded/);
  await assert.rejects(client.push({ model: 'uploaded', stream: false }), /push/);
});

test('what is removed is gone from the disk, and a new server has the rest', async () => {
  for (const name of await names()) {
    if (name !== 'calm:latest') await client.delete({ model: name });
  }
  assert.deepEqual(await names(), ['calm:latest']);
  await server.stop();
  server = await QuernServer.start('--models-dir', join(folder, 'models'), '--on-demand');
  client = new Ollama({ host: server.url });
  assert.ok((await say('calm')).length > 0);
  await client.delete({ model: 'calm' });
  assert.deepEqual(readdirSync(join(folder, 'models/blobs')).filter((name) => name.startsWith('sha256-')), []);
});
