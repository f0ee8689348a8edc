// 64 streams at once, half of them killed in mid-stream: the others' text is what a lone request gets, and every KV page
// comes back. A full queue is the client's RateLimitError.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { QuernServer } from './quern_server.mjs';

const N_STREAMS = 64;
const PROMPTS = ['Once upon a time', 'The dog', 'Lily and Tom', 'One day, a bird', 'In the park', 'Mom said', 'A big red',
                 'The sun was'];
const greedy = { temperature: 0, max_tokens: 120, ignore_eos: true };

let server;
let model;
before(async () => {
  server = await QuernServer.start('--parallel', '32');  // half of the streams have to wait for their turn
  model = (await server.client().models.list()).data[0].id;
});
after(() => server.stop());

async function readStream(client, prompt, killAfter = Infinity) {
  const stream = await client.completions.create({ model, prompt, ...greedy, stream: true });
  let text = '';
  let nChunks = 0;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.text ?? '';
    if (++nChunks >= killAfter) break;  // the client closes the connection
  }
  return text;
}

async function streamsAndKills(client) {
  const solo = new Map();
  for (const prompt of PROMPTS) solo.set(prompt, await readStream(client, prompt));
  const texts = await Promise.all(Array.from({ length: N_STREAMS }, (_, i) => {
    const killAfter = i % 2 === 0 ? Infinity : 1 + (i * 7) % 60;
    return readStream(client, PROMPTS[i % PROMPTS.length], killAfter);
  }));
  for (const [i, text] of texts.entries()) {
    const alone = solo.get(PROMPTS[i % PROMPTS.length]);
    if (i % 2 === 0) assert.equal(text, alone, `stream ${i}`);
    else assert.ok(alone.startsWith(text) && text.length < alone.length, `killed stream ${i}`);
  }
  await server.assertAllPagesFree();
  await server.assertAlive();
}

test('64 streams over TCP, half killed', () => streamsAndKills(server.client()));
test('64 streams over the Unix socket, half killed', () => streamsAndKills(server.unixClient()));

test('requests that never got their turn can be killed too', async () => {
  const client = server.client();
  const controllers = Array.from({ length: 100 }, () => new AbortController());
  const all = controllers.map((controller) => client.completions
    .create({ model, prompt: 'x', ...greedy, max_tokens: 120 }, { signal: controller.signal })
    .then(() => 'done', (e) => (e instanceof OpenAI.APIUserAbortError ? 'killed' : Promise.reject(e))));
  for (const controller of controllers) setTimeout(() => controller.abort(), 20);
  await Promise.all(all);
  await server.assertAllPagesFree();
});

test('a full queue is a RateLimitError, and only that', async (t) => {
  const small = await QuernServer.start('--parallel', '1', '--queue-capacity', '2');
  t.after(() => small.kill());
  const client = small.client();
  const results = await Promise.allSettled(Array.from({ length: 30 }, () => client.completions.create(
    { prompt: 'Once', model, temperature: 0, max_tokens: 120, ignore_eos: true })));
  const refused = results.filter((result) => result.status === 'rejected').map((result) => result.reason);
  assert.ok(refused.length > 0, 'nothing was refused');
  for (const error of refused) {
    assert.ok(error instanceof OpenAI.RateLimitError, String(error));
    const wait = Number(error.headers.get('retry-after'));  // longer on a slower machine
    assert.ok(Number.isInteger(wait) && wait >= 1 && wait <= 60, error.headers.get('retry-after'));
  }
  const answers = results.filter((result) => result.status === 'fulfilled').map((result) => result.value);
  assert.equal(new Set(answers.map((answer) => answer.choices[0].text)).size, 1);

  // The same client with its retries: it waits as it was told to, and nobody goes without an answer.
  const patient = small.client({ maxRetries: 30 });
  const later = await Promise.all(Array.from({ length: 6 }, () => patient.completions.create(
    { prompt: 'Once', model, temperature: 0, max_tokens: 120, ignore_eos: true })));
  for (const { choices } of later) assert.equal(choices[0].text, answers[0].choices[0].text);
  await small.assertAllPagesFree();
  await small.stop();
});
