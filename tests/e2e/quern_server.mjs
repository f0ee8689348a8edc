// Starts and stops `quern serve` with the embedded model, and looks inside it. One server per test file.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { Agent, fetch } from 'undici';

const BINARY = process.env.QUERN_BINARY;

export class QuernServer {
  // args: further options of `quern serve`.
  static async start(...args) {
    const server = new QuernServer();
    server.directory = mkdtempSync(join(tmpdir(), 'quern-e2e-'));
    server.socketPath = join(server.directory, 'q.sock');
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('QUERN_')));
    env.XDG_CONFIG_HOME = '/dev/null/none';  // no API keys of the developer's
    env.XDG_DATA_HOME = server.directory;  // and no models
    server.process = spawn(BINARY, ['serve', '--port', '0', '--socket', server.socketPath, ...args],
                           { env, stdio: ['ignore', 'pipe', 'pipe'] });
    server.log = '';
    server.process.stderr.on('data', (text) => { server.log += text; });
    server.exited = new Promise((resolve) => server.process.on('exit', (code, signal) => resolve({ code, signal })));
    server.url = await server.#announcedUrl();
    return server;
  }

  async #announcedUrl() {
    for await (const line of createInterface({ input: this.process.stdout })) {
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(line);
      if (found) {
        this.process.stdout.resume();
        return found[0];
      }
    }
    await this.exited;
    throw new Error(`quern did not start: ${this.log}`);
  }

  get port() { return Number(new URL(this.url).port); }

  // The official client, unchanged; no retries, so that an error shows.
  client(options = {}) {
    return new OpenAI({ baseURL: `${this.url}/v1`, apiKey: 'none', maxRetries: 0, ...options });
  }

  unixDispatcher() {
    return new Agent({ connect: { socketPath: this.socketPath }, connections: 256 });
  }

  unixClient() {
    return new OpenAI({ baseURL: 'http://quern/v1', apiKey: 'none', maxRetries: 0, fetch,
                        fetchOptions: { dispatcher: this.unixDispatcher() } });
  }

  async control(path, method = 'GET') {
    const dispatcher = this.unixDispatcher();
    try {
      const reply = await fetch(`http://quern${path}`, { method, dispatcher });
      return { status: reply.status, body: await reply.json() };
    } finally {
      await dispatcher.close();
    }
  }

  // A value of /metrics by its name; labels are not looked at.
  async metric(name) {
    const reply = await fetch(`${this.url}/metrics`);
    const line = (await reply.text()).split('\n').find((text) => text.startsWith(`${name}{`));
    assert.ok(line, `no metric ${name}`);
    return Number(line.slice(line.lastIndexOf(' ') + 1));
  }

  async assertAllPagesFree() {
    for (let i = 0; i < 600; ++i) {
      const { body } = await this.control('/control/status');
      const { running, queued, kv_pages: pages } = body.scheduler;
      if (running === 0 && queued === 0 && pages.free + pages.retained === pages.total && pages.reserved === 0) {
        assert.equal((await this.metric('quern:kv_pages_free')) + (await this.metric('quern:kv_pages_retained')),
          await this.metric('quern:kv_pages'));
        assert.equal(await this.metric('vllm:kv_cache_usage_perc'), 0);
        assert.deepEqual((await this.control('/control/requests')).body.requests, []);
        return;
      }
      await sleep(50);
    }
    assert.fail(`pages are still held: ${JSON.stringify((await this.control('/control/status')).body.scheduler)}`);
  }

  async assertAlive() {
    assert.equal(this.process.exitCode, null, this.log);
    const reply = await fetch(`${this.url}/health`);
    assert.deepEqual([reply.status, await reply.json()], [200, { status: 'ok' }]);
  }

  // For t.after(): a failed test leaves no server behind. Does nothing when it has ended.
  kill() { this.process.kill('SIGKILL'); }

  // SIGTERM; the exit code must be 0.
  async stop() {
    this.process.kill('SIGTERM');
    const { code, signal } = await this.exited;
    rmSync(this.directory, { recursive: true, force: true });
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, this.log);
  }
}
