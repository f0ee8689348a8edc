// Garbage in: broken HTTP, broken JSON, wrong types, oversize and truncated requests. Each gets an answer or a closed
// connection, and the process lives on.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { fetch } from 'undici';
import { QuernServer } from './quern_server.mjs';

let server;
before(async () => { server = await QuernServer.start(); });
after(async () => {
  await server.assertAlive();
  await server.assertAllPagesFree();
  await server.stop();
});

// Sends bytes, half-closes, and returns everything that comes back.
function raw(bytes) {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.end(bytes));
    let reply = '';
    socket.on('data', (data) => { reply += data; });
    socket.on('close', () => resolve(reply));
    socket.on('error', (e) => (e.code === 'ECONNRESET' || e.code === 'EPIPE' ? resolve(reply) : reject(e)));
  });
}

async function post(path, body) {
  const reply = await fetch(server.url + path, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
  return { status: reply.status, body: await reply.json() };
}

describe('JSON', () => {
  const bodies = ['', '{', '[]', 'null', '"x"', '{"prompt":"x",}', '{"prompt":"x","prompt":"y"}', '{"prompt":"\\ud83d"}',
                  '{"prompt":{"a":1}}', '{"prompt":"x","max_tokens":"many"}', '{"prompt":"x","stop":{"a":1}}',
                  '{"prompt":"x","logit_bias":{"x":"1"}}', '{"prompt":[1e99]}', '{"prompt":[-1]}', '['.repeat(1_000_000),
                  '{"a":'.repeat(100_000), `{"prompt":"x","${'k'.repeat(5000)}":1}`];
  for (const path of ['/v1/completions', '/v1/chat/completions', '/tokenize', '/detokenize']) {
    test(path, async () => {
      for (const body of bodies) {
        const reply = await post(path, body);
        assert.equal(reply.status, 400, `${body.slice(0, 60)} -> ${JSON.stringify(reply.body)}`);
        assert.equal(typeof reply.body.error.message, 'string');
      }
    });
  }

  test('40 MB', async () => assert.equal((await post('/v1/completions', ' '.repeat(40 << 20))).status, 413));
  test('a prompt of megabytes', async () => {
    const reply = await post('/v1/completions', JSON.stringify({ prompt: 'word '.repeat(1 << 20) }));
    assert.equal(reply.status, 400);
    assert.equal(reply.body.error.code, 'context_length_exceeded');
  });
  test('an unknown model', async () => {
    assert.equal((await post('/v1/completions', '{"prompt":"x","model":"../../etc/passwd"}')).status, 404);
  });
});

describe('HTTP', () => {
  test('noise', async () => {
    let seed = 1;
    for (let i = 0; i < 50; ++i) {
      const bytes = Buffer.alloc(1 + (i * 97) % 3000);
      for (let k = 0; k < bytes.length; ++k) bytes[k] = (seed = (seed * 48271) % 2147483647) & 255;
      const reply = await raw(bytes);
      assert.ok(reply === '' || reply.startsWith('HTTP/1.1 4'), reply.slice(0, 80));
    }
  });
  test('TLS to a plain port', async () => {
    assert.match(await raw(Buffer.from('160301007b0100007703', 'hex')), /^(HTTP\/1\.1 400|$)/);
  });
  test('a request cut anywhere', async () => {
    const body = '{"prompt":"Once","max_tokens":3}';
    const request = 'POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
                    `Content-Length: ${body.length}\r\n\r\n${body}`;
    for (let length = 0; length < request.length; length += 3) {
      assert.equal(await raw(request.slice(0, length)), '', `cut at ${length}`);
    }
  });
  test('a header without end', async () => {
    assert.match(await raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}`), /^HTTP\/1\.1 431 /);
  });
  test('other hosts and origins', async () => {
    assert.match(await raw('GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n'), /^HTTP\/1\.1 403 /);
    const page = await fetch(`${server.url}/health`, { headers: { Origin: 'https://evil.example' } });
    assert.equal(page.status, 403);
  });
  test('curl -d without a content type is understood, a page without one is told what to add', async () => {
    const ask = (headers) => fetch(`${server.url}/v1/completions`, {
      method: 'POST', body: '{"prompt":"x","max_tokens":1}',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers } });
    assert.equal((await ask({})).status, 200);
    const reply = await ask({ Origin: 'http://localhost:3000' });
    assert.equal(reply.status, 415);
    assert.match((await reply.json()).error.message, /Content-Type: application\/json/);
  });
  test('control is not on TCP', async () => {
    assert.equal((await fetch(`${server.url}/control/status`)).status, 404);
  });
});
