// Start, drain and end of the process as clients see them.
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { QuernServer } from './quern_server.mjs';

test('the socket file is private and goes away', async (t) => {
  const server = await QuernServer.start();
  t.after(() => server.kill());
  assert.equal(statSync(server.socketPath).mode & 0o7777, 0o600);
  await server.stop();
  assert.ok(!existsSync(server.socketPath));
});

// One sequence at a time: 16 answers take long enough to be interrupted.
const slowly = ['--parallel', '1'];
const request = { model: '', prompt: 'Once upon a time', temperature: 0, max_tokens: 120, ignore_eos: true };

test('SIGTERM lets running streams finish', async (t) => {
  const server = await QuernServer.start(...slowly, '--drain-timeout', '10m');  // a loaded machine takes longer than 30 s
  t.after(() => server.kill());
  const alone = await server.client().completions.create(request);
  const stream = await server.client().completions.create({ ...request, n: 16, stream: true });
  const texts = Array(16).fill('');
  const reasons = [];
  let stopping = null;
  for await (const chunk of stream) {
    stopping ??= server.stop();
    for (const choice of chunk.choices) {
      texts[choice.index] += choice.text;
      if (choice.finish_reason) reasons.push(choice.finish_reason);
    }
  }
  await stopping;
  assert.deepEqual(texts, Array(16).fill(alone.choices[0].text));
  assert.deepEqual(reasons, Array(16).fill('length'));
});

test('an operator can see, cancel and drain', async (t) => {
  const server = await QuernServer.start(...slowly);
  t.after(() => server.kill());
  const stream = await server.client().completions.create({ ...request, n: 32, stream: true });
  const { requests } = (await server.control('/control/requests')).body;
  const cancelled = await server.control(`/control/requests/${Math.max(...requests.map((r) => r.id))}`, 'DELETE');
  assert.equal(cancelled.status, 200);
  await assert.rejects(async () => { for await (const chunk of stream) assert.ok(chunk); }, /cancelled/);
  await server.assertAllPagesFree();
  assert.equal((await server.control('/control/drain', 'POST')).status, 202);
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});
