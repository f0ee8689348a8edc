// What needs a model that says what a test wants, asked of every client library (clients.mjs): thoughts, calls of tools,
// retries after Retry-After, leaving in mid-stream, and an answer that fails.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLIENTS } from './clients.mjs';
import { ScriptedServer } from './scripted_server.mjs';

const weather = { name: 'weather', description: 'How the weather is.',
                  schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false } };
const thoughtful = [{ reasoning: 'They greet. ' }, { reasoning: 'So do I.' }, { text: 'Good ' }, { pause_ms: 1 }, { text: 'day "Ümit"\n' }];
const calling = [{ text: 'Let me look.' }, { call: { id: 'call_1', name: 'weather', arguments: ['{"ci', 'ty":"Bremen"}'] } },
                 { call: { id: 'call_2', name: 'weather', arguments: { city: 'Oslo' } } }];
const endless = Array.from({ length: 1200 }, () => [{ text: 'well, ' }, { pause_ms: 50 }]).flat();

// What each client asks: words that no other request has.
const script = CLIENTS.flatMap(({ name }) => {
  const of = (what, events) => ({ when: `${what} for ${name}.`, events });
  return [of('thoughts', thoughtful), of('thoughts', thoughtful), of('calls', calling), of('calls', calling),
          of('a place', [{ refuse: 'the line is full' }]), of('a place', [{ text: 'Welcome.' }]), of('an endless story', endless),
          of('a failure', [{ text: 'Well, ' }, { pause_ms: 20 }, { fail: 'the disk is gone' }])];
});

let server;
before(async () => { server = await ScriptedServer.start(script); });
after(async () => {
  for (let running = 1; running > 0; await sleep(10)) {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    running = Number(/^vllm:num_requests_running\{[^}]*\} (\d+)$/m.exec(metrics)[1]);
  }
  await server.stop();
  assert.equal(server.refused().length, CLIENTS.length, 'one refusal for each');
});

const requestWith = (words) => server.requests.find(({ request }) => server.prompt(request).includes(words));

function tests({ name, client, ends, retries, status, leaves = true, hidesFailure }) {
  test('thoughts are apart from the answer', async () => {
    for (const how of ['answer', 'stream']) {
      const { text, reasoning, end } = await client(server)[how](`thoughts for ${name}.`, {});
      assert.equal(text, 'Good day "Ümit"\n');
      assert.equal(end, ends.turn);
      if (reasoning !== null) assert.equal(reasoning, 'They greet. So do I.');
    }
  });

  test('calls of tools', async () => {
    const words = `calls for ${name}.`;
    for (const how of ['answer', 'stream']) {
      const { text, calls, end } = await client(server)[how](words, { tools: [weather] });
      assert.equal(text, 'Let me look.');
      assert.deepEqual(calls, ['Bremen', 'Oslo'].map((city) => ({ name: 'weather', input: { city } })));
      assert.equal(end, ends.calls);
    }
    assert.match(server.prompt(requestWith(words).request), /How the weather is\./);
  });

  test('a full line: it comes again when it was told to', async () => {
    const asked = client({ ...server, retries: 1 }).answer(`a place for ${name}.`, {});
    if (retries) assert.equal((await asked).text, 'Welcome.');
    else await assert.rejects(asked, (e) => status(e) === 429 && /the line is full/.test(e.message));
  });

  test('it leaves in mid-stream', { skip: !leaves && 'it reads on' }, async () => {
    const words = `an endless story for ${name}.`;
    const controller = new AbortController();
    await assert.rejects(client(server).stream(words, { signal: controller.signal, onText: () => controller.abort() }));
    while (!requestWith(words).ended) await sleep(10);
    assert.equal(requestWith(words).ended, 'cancelled');
  });

  test('an answer fails in the middle', async () => {
    const asked = client(server).stream(`a failure for ${name}.`, {});
    if (hidesFailure) assert.equal((await asked).end, hidesFailure);
    else await assert.rejects(asked, ({ message }) => message.includes('the disk is gone'));
  });
}

describe('clients', { concurrency: true }, () => {
  for (const client of CLIENTS) describe(client.name, { concurrency: true }, () => tests(client));
});
