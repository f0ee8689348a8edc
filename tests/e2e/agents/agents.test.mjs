// Coding agents, unchanged, in a conversation with a model that follows a script: they read a file with a tool of
// theirs, answer, and go on. Nobody asks twice, nothing is refused, and each prompt begins with the one before.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AGENTS } from './agents.mjs';
import { ScriptedServer } from './scripted_server.mjs';

const PACKAGES = process.env.QUERN_AGENT_PACKAGES;
const WANTED = (process.env.QUERN_AGENTS ?? '').split(',').filter((name) => name !== '');
const HANGS_MS = 180_000;

const SECRET = 'marmalade-4711';
const FIRST = 'The note says marmalade.';
const SECOND = 'Nothing rhymes with it.';

function answers(agent, note) {
  const { name, arguments: input } = agent.read(note);
  const json = JSON.stringify(input);
  return [
    ...(agent.asides ?? []).map((when) => ({ when, repeat: true, events: [{ text: 'Nothing.' }] })),
    { events: [{ reasoning: 'There is a note.' }, { text: 'I will look. ' }, { pause_ms: 5 },
               { call: { id: 'call_abc1', name, arguments: [json.slice(0, 5), json.slice(5)] } }] },
    { events: [{ text: FIRST.slice(0, 9) }, { pause_ms: 5 }, { text: FIRST.slice(9) }] },
    { events: [{ reasoning: 'Hard.' }, { text: SECOND }] },
  ];
}

class Agent {
  constructor(agent) {
    this.agent = agent;
    this.directory = mkdtempSync(join(tmpdir(), 'quern-agent-'));
    this.home = join(this.directory, 'home');
    this.work = join(this.directory, 'work');
    for (const folder of [this.home, this.work]) mkdirSync(folder);
    this.note = join(this.work, 'note.txt');
    writeFileSync(this.note, `The secret word is ${SECRET}.\n`);
  }

  pointAt(server, api) {
    this.at = { home: this.home, work: this.work, url: server.url, model: server.model, api };
    this.agent.setUp(this.at);
  }

  // What it printed; it must end well.
  turn(words, again) {
    const modules = join(PACKAGES, this.agent.name, 'node_modules');
    const [program, ...inside] = this.agent.program.map((part) => (part === 'node' ? process.execPath : join(modules, part)));
    const env = { PATH: process.env.PATH, HOME: this.home, TMPDIR: this.directory, LANG: 'C.UTF-8', ...this.agent.env(this.at) };
    const child = spawn(program, [...inside, ...this.agent.turn({ ...this.at, words, again })],
                        { cwd: this.work, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let problems = '';
    child.stdout.on('data', (text) => { out += text; });
    child.stderr.on('data', (text) => { problems += text; });
    const timer = setTimeout(() => child.kill('SIGKILL'), HANGS_MS);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        clearTimeout(timer);
        if (code === 0) resolve(out);
        else reject(new Error(`${this.agent.name} ended with ${code ?? signal}: ${out}\n${problems}`));
      });
    });
  }

  remove() { rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 }); }
}

function assertGoesOn(server, request, before) {
  const shared = request.shared_tokens / before.prompt_tokens;
  assert.ok(request.shared_with === before.request && shared >= 0.95,
            `of ${before.prompt_tokens} tokens of prompt ${before.request} prompt ${request.request} begins with ${request.shared_tokens}:\n` +
            `${server.prompt(before.request)}\n========\n${server.prompt(request.request)}`);
}

for (const agent of AGENTS.filter(({ name }) => WANTED.length === 0 || WANTED.includes(name))) {
  for (const api of agent.apis) {
    test(`${agent.name}, ${api}`, async (t) => {
      const it = new Agent(agent);
      const server = await ScriptedServer.start(answers(agent, it.note));
      t.after(() => { server.kill(); it.remove(); });
      it.pointAt(server, api);
      const resumes = agent.resumes !== false;

      assert.match(await it.turn('Which word is in note.txt?', false), new RegExp(FIRST));
      if (resumes) assert.match(await it.turn('What rhymes with it?', true), new RegExp(SECOND));

      const isAside = ({ request }) => (agent.asides ?? []).some((words) => server.prompt(request).includes(words));
      const [first, second, third, ...more] = server.requests.filter((request) => !isAside(request));
      assert.ok(server.prompt(second.request).includes(SECRET), 'the file was not read');
      assertGoesOn(server, second, first);
      if (resumes) assertGoesOn(server, third, second);
      assert.deepEqual(more, [], 'it asked more often than it had to');
      assert.deepEqual(server.refused(), []);
      for (const { request, endpoint, ended } of server.requests) assert.equal(ended, 'finished', `${request}: ${endpoint}`);
      await server.stop();
    });
  }
}
