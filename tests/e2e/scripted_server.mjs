// Starts and stops scripted_server (tests/support/scripted): the real server before a model that says what a script
// says. It notes each prompt, and each request that was refused.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const BINARY = process.env.QUERN_SCRIPTED_SERVER;

export class ScriptedServer {
  // answers: see tests/support/scripted/script.hpp. model: its name.
  static async start(answers, ...args) {
    const server = new ScriptedServer();
    server.model = 'scripted';
    server.directory = mkdtempSync(join(tmpdir(), 'quern-scripted-'));
    server.prompts = join(server.directory, 'prompts');
    mkdirSync(server.prompts);
    const script = join(server.directory, 'script.json');
    writeFileSync(script, JSON.stringify({ answers }));
    server.process = spawn(BINARY, [script, '--prompts', server.prompts, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    server.log = '';
    server.process.stderr.on('data', (text) => { server.log += text; });
    server.exited = new Promise((resolve) => server.process.on('close', (code, signal) => resolve({ code, signal })));
    server.requests = [];  // {request, endpoint, prompt_tokens, shared_tokens, shared_with, shared_with_tokens, ended}
    await server.#read();
    return server;
  }

  #read() {
    return new Promise((resolve, reject) => {
      createInterface({ input: this.process.stdout }).on('line', (line) => {
        if (line.startsWith('listening on ')) {
          this.url = line.slice('listening on '.length);
          resolve();
        } else {
          const report = JSON.parse(line);
          this.requests[report.request - 1] = report;
        }
      });
      this.exited.then(() => reject(new Error(`no server: ${this.log}`)));
    });
  }

  prompt(request) { return readFileSync(join(this.prompts, `${request}.txt`), 'utf8'); }

  // Lines of the log: requests that got an error for an answer.
  refused() { return this.log.split('\n').filter((line) => / status=\d/.test(line)); }

  kill() { this.process.kill('SIGKILL'); }

  // SIGTERM; no request may be left, and the exit code must be 0.
  async stop() {
    this.process.kill('SIGTERM');
    const how = await this.exited;
    rmSync(this.directory, { recursive: true, force: true });
    assert.deepEqual(how, { code: 0, signal: null }, this.log);
  }
}
